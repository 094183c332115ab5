// What links and forms cannot do. The console works without it, too.
"use strict";

// Who cannot see that the page changed hears its new content.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === document.body) document.getElementById("main")?.focus();
});

// An answer that refuses is a page to be shown as well, but in no part of a page.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  const isWhole = target === document.body;
  if (!isWhole && new URL(xhr.responseURL).pathname === "/console/sign-in") {
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL);
  } else if (xhr.status >= 400) {
    event.detail.shouldSwap = isWhole;
  }
});

document.addEventListener("input", (event) => {
  if (event.target.id === "step") document.getElementById("step-shown").value = event.target.value;
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
