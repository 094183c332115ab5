// What links and forms cannot do. The console works without it, too.
"use strict";

const SIGN_IN = "/console/sign-in";

// Who cannot see that the page changed hears its new content; who wrote something that was refused goes on writing.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== document.body) return;
  (document.querySelector("[autofocus]") ?? document.getElementById("main"))?.focus();
});

// Tells beside what was written why it was not sent.
function tell(form, why) {
  const said = form.querySelector("[role=alert]") ?? document.createElement("p");
  said.className = "error";
  said.setAttribute("role", "alert");
  said.textContent = `Not sent: ${why}`;
  form.prepend(said);
  said.scrollIntoView({ block: "nearest" });
}

// Whether somebody wrote something for which an answer has no place. Then it stays, and they are told why.
function keepsWritten(form, { responseText, status }, isSignIn) {
  if (!form.querySelector("textarea")?.value) return false;
  const answer = new DOMParser().parseFromString(responseText, "text/html");
  if (answer.querySelector("textarea")) return false;
  const why = answer.querySelector("[role=alert]")?.textContent ?? `the server answers ${status}; try again in a moment`;
  tell(form, isSignIn ? "you are signed out; sign in again in another tab, then send this" : why);
  return true;
}

// An answer that refuses is a page to be shown as well, but in no part of a page, and not in place of what was written.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target, requestConfig } = event.detail;
  const isWhole = target === document.body;
  const isSignIn = new URL(xhr.responseURL).pathname === SIGN_IN;
  if (!isSignIn && xhr.status < 400) return;
  if (isWhole) {
    event.detail.shouldSwap = !keepsWritten(requestConfig.elt, xhr, isSignIn);
  } else {
    event.detail.shouldSwap = false;
    if (isSignIn) location.assign(xhr.responseURL);
  }
});

document.addEventListener("htmx:sendError", (event) => {
  const { elt } = event.detail.requestConfig;
  if (elt.querySelector("textarea")) tell(elt, "the server is not reached; try again in a moment");
});

document.addEventListener("input", (event) => {
  if (event.target.id === "step") document.getElementById("step-shown").value = event.target.value;
});

// The keys that move the slider go on beyond its ends, where the history does.
const ONWARDS = { ArrowRight: "later", ArrowUp: "later", PageUp: "later", ArrowLeft: "earlier", ArrowDown: "earlier", PageDown: "earlier" };
document.addEventListener("keydown", ({ target, key, ctrlKey, altKey, metaKey }) => {
  if (target.id !== "step" || ctrlKey || altKey || metaKey || !(key in ONWARDS)) return;
  const end = ONWARDS[key] === "later" ? target.max : target.min;
  if (target.value === end) document.getElementById(ONWARDS[key])?.click();
});

// j and k walk through the list, r goes to the reply; not while something is being written.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const links = [...document.querySelectorAll("a.subject")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "j") links[Math.min(at + 1, links.length - 1)]?.focus();
  if (event.key === "k") links[Math.max(at - 1, 0)]?.focus();
  if (event.key === "r") {
    const reply = document.getElementById("body");
    if (!reply) return;
    event.preventDefault();
    reply.focus();
  }
});
