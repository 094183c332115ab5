// What a person does in the console, step by step. Each step says what it shows, and fails for one reason.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const { API, CUSTOMER_TOKEN, AGENT_TOKEN, ADMIN_TOKEN, CUSTOMER_EMAIL, AGENT_EMAIL, PASSWORD, CHROMIUM, STAGE, TEAM_ID } = process.env;
const origin = new URL(API).origin;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const subject = "The scanner eats every second page";
// A busy machine takes its time, which costs nothing where all goes well.
const TIMEOUT_MS = 60_000;
// Without these it asks foreign hosts for updates of its own.
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

// Asks until the answer holds, and gives the last one.
async function eventually(ask, holds) {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const answer = await ask();
    if (holds(answer) || Date.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// What queries have to show at least: what was done here before.
let seenSoFar = {};

async function api(token, method, path, body) {
  const send = () => fetch(API + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...seenSoFar },
    body: body && JSON.stringify(body),
  });
  // A busy machine is asked again.
  const response = method === "GET" ? await eventually(send, (answer) => answer.status !== 503) : await send();
  assert(response.ok, `${method} ${path}: ${response.status}`);
  const shown = response.headers.get("Consistency-Token");
  if (shown) seenSoFar = { "Consistency-Token": shown };
  return response.json();
}

// What went wrong in a page without anybody seeing it: errors of scripts, and what the policy of contents stopped.
function watch(page, wrong) {
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) wrong.push(`${page.url()} ${JSON.stringify(message.location())} ${message.text()}`);
  });
}

async function accessible(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const told = violations.map((one) => `${one.impact}: ${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
  for (const line of told) console.log(`  axe, ${name}: ${line}`);
  const serious = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assert.equal(serious.length, 0, `${name} keeps people out`);
}

// The page as it looks in light, in dark and on a small screen; each has to be accessible.
async function seen(page, name) {
  await page.waitForLoadState();
  await settled(page);
  for (const [look, colorScheme, width] of [["light", "light", 1280], ["dark", "dark", 1280], ["small", "light", 390]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await page.screenshot({ path: `${name}-${look}.png`, fullPage: true });
    await accessible(page, `${name} ${look}`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert(overflow <= 0, `${name} ${look} is ${overflow} pixels too wide`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
  await settled(page);
}

// The page as docs/CONSOLE.md shows it, as far down as says something.
async function picture(page, name, { colorScheme = "light", width = 1280, height = 900, place } = {}) {
  mkdirSync("pictures", { recursive: true });
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height });
  if (place) await page.locator(place).evaluate((element) => element.scrollIntoView());
  else await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `pictures/${name}.png` });
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 900 });
}

// Waits until no answer is on its way into the page: an element found before would be replaced, and the focus moved.
async function settled(page) {
  const moving = page.locator(".htmx-request, .htmx-swapping, .htmx-settling");
  await moving.first().waitFor({ state: "detached" });
}

// Writes a query as a person does. Filling the field in would already send it.
async function ask(page, query) {
  await settled(page);
  await page.getByLabel("Query").selectText();
  await page.keyboard.type(query);
  await page.keyboard.press("Enter");
}

async function signIn(page, email, password = PASSWORD) {
  await page.goto(`${origin}/console`);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

const steps = {
  async "who is not signed in gets the page to sign in, and a wrong password nothing else"({ page }) {
    await page.goto(`${origin}/console/tickets`);
    assert.equal(page.url(), `${origin}/console/sign-in`);
    await seen(page, "sign-in");
    await signIn(page, AGENT_EMAIL, "not the password at all");
    await page.getByRole("alert").waitFor();
    assert.deepEqual(await page.context().cookies(), []);
  },

  async "signing in leads to the tickets, with tokens that no script reads"({ page }) {
    await signIn(page, AGENT_EMAIL);
    await page.getByRole("heading", { name: "Tickets" }).waitFor();
    const cookies = await page.context().cookies();
    assert.equal(cookies.length, 2);
    for (const { name, httpOnly, secure, sameSite } of cookies) {
      assert(name.startsWith("__Host-"), name);
      assert.deepEqual({ httpOnly, secure, sameSite }, { httpOnly: true, secure: true, sameSite: "Strict" });
    }
  },

  async "the list has its counts and is filtered by a click"({ page }) {
    const views = page.getByRole("navigation", { name: "Views" });
    await views.getByRole("link", { name: "Unsolved 2" }).waitFor();
    await views.getByRole("link", { name: "Urgent 1" }).waitFor();
    await views.getByRole("link", { name: "Slow burners 1" }).waitFor();
    await seen(page, "tickets");
    await page.getByRole("checkbox", { name: "low" }).check();
    await page.waitForURL(/priority=low/, { waitUntil: "commit" });
    await page.getByText("A quiet question").waitFor();
    assert.equal(await page.getByText(subject).count(), 0);
    await settled(page);
    await views.getByRole("link", { name: "Urgent 1" }).click();
    await page.waitForURL(/query=.*priority%3Aurgent/, { waitUntil: "commit" });
    await page.getByRole("link", { name: subject }).waitFor();
  },

  async "filters that have no field stay when another one is changed, and are taken away by a click"({ page, ticket }) {
    const requester = ticket.requester_id;
    await page.goto(`${origin}/console/tickets?team=none&requester=${requester}&created_from=2026-01-01T00:00:00Z&assignee=${requester}`);
    await page.getByLabel("Assignee").locator("option:checked", { hasText: "Casey Customer" }).waitFor({ state: "attached" });
    await page.getByText("No ticket fits.").waitFor();
    await page.getByRole("link", { name: "assignee: Casey Customer: take away" }).click();
    await page.getByRole("link", { name: subject }).waitFor();
    await settled(page);
    await page.getByRole("checkbox", { name: "low" }).check();
    await page.waitForURL(/priority=low/, { waitUntil: "commit" });
    await page.getByText("A quiet question").waitFor();
    await settled(page);
    const chips = () => page.getByRole("list", { name: "Chosen" }).getByRole("link").allInnerTexts();
    const told = (await chips()).map((text) => text.replace("\u00d7", "").trim());
    assert.deepEqual(told, ["team: none", "requester: Casey Customer", "created from: 2026-01-01T00:00:00Z"]);
    await seen(page, "chips");
    await page.getByRole("link", { name: "requester: Casey Customer: take away" }).click();
    await page.getByRole("link", { name: "requester: Casey Customer: take away" }).waitFor({ state: "detached" });
    const { searchParams } = new URL(page.url());
    assert.deepEqual([searchParams.get("requester"), searchParams.get("team"), searchParams.get("priority")], [null, "none", "low"]);
    await page.goto(`${origin}/console/tickets`);
  },

  async "a saved view has its tickets, its order and its columns, and can be narrowed further"({ page }) {
    const views = page.getByRole("navigation", { name: "Views" });
    await settled(page);
    await views.getByRole("link", { name: "Slow burners 1" }).click();
    await page.getByRole("heading", { name: "Slow burners 1" }).waitFor();
    await page.getByRole("link", { name: "A quiet question" }).waitFor();
    const columns = await page.getByRole("columnheader").allInnerTexts();
    assert.deepEqual(columns, ["No.", "Subject", "Channel", "Opened"]);
    await views.locator("[aria-current]", { hasText: "Slow burners" }).waitFor();
    await seen(page, "view");
    await ask(page, "assignee:me");
    await page.waitForURL(/view=.*query=assignee%3Ame/, { waitUntil: "commit" });
    await page.getByText("No ticket fits.").waitFor();
    await ask(page, "status:opne");
    await page.getByRole("alert").getByText(/column 8/).waitFor();
    assert.equal(await page.getByLabel("Query").inputValue(), "status:opne", "a mistake is mended where it was made");
    assert.equal(await page.getByText("No ticket fits.").count(), 0);
    await ask(page, "priority:low");
    await page.getByRole("link", { name: "A quiet question" }).waitFor();
    await page.goto(`${origin}/console/tickets?query=priority:urgent`);
    await page.getByRole("link", { name: subject }).waitFor();
  },

  async "a load of the list asks for one total and one set of counts"({ page }) {
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const counted = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/console/tickets/counts");
    await page.reload({ waitUntil: "networkidle" });
    await counted;
    await settled(page);
    const pages = asked.filter((path) => path.startsWith("/console/tickets"));
    assert.deepEqual(pages, ["/console/tickets", "/console/tickets/counts"]);
    page.removeAllListeners("request");
  },

  async "the keys lead through the list into a ticket"({ page }) {
    await page.locator("body").press("j");
    await page.getByRole("link", { name: subject }).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: subject }).waitFor();
    await page.locator(".thread").getByText("It did so twice today.").waitFor();
    await settled(page);
    await page.locator("main").press("r");
    await page.getByRole("textbox", { name: "Message" }).and(page.locator(":focus")).waitFor();
  },

  async "what was written stays where it cannot be sent"({ page, ticket }) {
    await page.context().clearCookies();
    const message = page.getByRole("textbox", { name: "Message" });
    await message.fill("Not to be written twice.");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").getByText(/signed out/).waitFor();
    assert.equal(await message.inputValue(), "Not to be written twice.");
    await signIn(page, AGENT_EMAIL);
    await page.getByRole("heading", { name: "Tickets" }).waitFor();
    await page.goto(`${origin}/console/tickets/${ticket.id}`);
    await page.getByRole("heading", { name: subject }).waitFor();
    assert.equal(await page.getByText("Not to be written twice.").count(), 0);
  },

  async "a ticket is answered, noted, assigned and resolved by clicking"({ page }) {
    await page.getByRole("textbox", { name: "Message" }).fill("Which page does it eat?");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".thread").getByText("Which page does it eat?").waitFor();
    await page.locator("#status").getByText("open").waitFor();
    await settled(page);
    await page.getByRole("textbox", { name: "Message" }).fill("The third this week.");
    await page.getByLabel("Internal note").check();
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".note").getByText("The third this week.").waitFor();
    await settled(page);
    await page.getByLabel("Agent", { exact: true }).selectOption({ label: "Robin Agent" });
    await page.getByLabel("Team", { exact: true }).selectOption({ label: "Support" });
    await page.getByRole("button", { name: "Assign" }).click();
    await page.locator("#assignee").getByText("Robin Agent").waitFor();
    await settled(page);
    await seen(page, "ticket");
    await page.getByRole("button", { name: "Resolve" }).click();
    await page.locator("#status").getByText("resolved").waitFor();
  },

  async "what was clicked is in the log, by whoever clicked"({ ticket }) {
    // What the console did is seen by others once the read models have it.
    const look = () => api(AGENT_TOKEN, "GET", `/tickets/${ticket.id}`);
    const now = await eventually(look, (one) => one.status === "resolved");
    assert.deepEqual([now.status, now.assignee.name, now.team.name], ["resolved", "Robin Agent", "Support"]);
    const messages = await api(CUSTOMER_TOKEN, "GET", `/tickets/${ticket.id}/messages`);
    assert.deepEqual(messages.items.map((one) => one.body), ["It did so twice today.", "Which page does it eat?"]);
    const history = await api(AGENT_TOKEN, "GET", `/tickets/${ticket.id}/history?order=desc&limit=5`);
    assert(history.items.some((one) => one.type === "ticket.resolved" && one.actor.name === "Alex Agent"));
  },

  async "the slider shows the ticket as it was"({ page }) {
    const then = page.locator("#then");
    await then.getByText("resolved").first().waitFor();
    await settled(page);
    const slider = page.getByRole("slider", { name: /Step/ });
    await slider.focus();
    await page.keyboard.press("Home");
    await then.locator("dd", { hasText: /^new$/ }).waitFor();
    assert.equal(await then.getByText("Which page does it eat?").count(), 0);
    await picture(page, "past", { height: 1200 });
    // Each step shows what the API answers of that moment.
    const history = await api(AGENT_TOKEN, "GET", `/tickets/${ticket.id}/history?limit=100`);
    for (const [index, entry] of history.items.entries()) {
      const moment = entry.type.startsWith("message.") ? entry.recorded_at : entry.version;
      const was = await api(AGENT_TOKEN, "GET", `/tickets/${ticket.id}?as_of=${encodeURIComponent(moment)}`);
      const shown = await page.request.get(`${origin}/console/tickets/${ticket.id}/past?step=${index + 1}`);
      const text = await shown.text();
      assert(text.includes(`<dd>${was.status.replace("_", " ")}</dd>`), `${index}: ${was.status}: ${text}`);
      assert.equal(text.includes("<dt>assignee</dt>"), was.assignee !== undefined, `${index}`);
    }
  },

  async "the slider goes through all of a long history, by the keys alone"({ page }) {
    const { id } = await api(CUSTOMER_TOKEN, "POST", "/tickets", { subject: "A long story", body: "It goes on." });
    const subjects = Array.from({ length: 503 }, (_, index) => `Chapter ${index + 1}`);
    for (const subject of subjects) await api(AGENT_TOKEN, "PATCH", `/tickets/${id}`, { subject });
    const { version } = await api(AGENT_TOKEN, "GET", `/tickets/${id}`);
    await page.goto(`${origin}/console/tickets/${id}`);
    const slider = page.getByRole("slider", { name: /Step/ });
    const at = (text) => page.locator("label[for=step]", { hasText: text }).waitFor();
    await at("Step 500 of more than 500");
    await slider.focus();
    await page.keyboard.press("ArrowRight");
    await at(`Step 501 of ${version}`);
    await page.locator("#then").getByText("Chapter 500").first().waitFor();
    await settled(page);
    await page.keyboard.press("End");
    await page.locator("#then dd", { hasText: /^Chapter 503$/ }).waitFor();
    await settled(page);
    await seen(page, "long-history");
    await page.keyboard.press("Home");
    await page.locator("#then dd", { hasText: /^Chapter 500$/ }).waitFor();
    await settled(page);
    await page.keyboard.press("ArrowLeft");
    await at("Step 500 of more than 500");
    await page.locator("#then dd", { hasText: /^Chapter 499$/ }).waitFor();
    await page.getByRole("link", { name: "Steps after 500" }).click();
    await at(`Step 501 of ${version}`);
  },

  async "five weeks of a desk fill the list"({ page }) {
    const [, count] = /(\d+) tickets/.exec(execFileSync(STAGE, { encoding: "utf8" }));
    const look = () => api(AGENT_TOKEN, "GET", "/tickets?include_total=true&limit=1");
    const { total } = await eventually(look, (page) => page.total === Number(count) + 3);
    assert.equal(total, Number(count) + 3);
    await page.goto(`${origin}/console/tickets?query=${encodeURIComponent("status:new,open,pending,on_hold")}`);
    await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: /Unsolved \d+/ }).waitFor();
    await settled(page);
    await picture(page, "tickets");
    await picture(page, "tickets-small", { width: 390, height: 1100 });
  },

  async "the page of analytics has charts with names and numbers"({ page }) {
    await page.getByRole("link", { name: "Analytics" }).click();
    for (const name of ["Opened and resolved", "Backlog at the end", "Time to the first response", "Time to resolution", "Came back and passed on", "Promises met and missed"]) {
      await page.locator(`svg[aria-label="${name}"]`).waitFor();
    }
    await page.getByText("Days of Europe/Berlin").waitFor();
    for (const name of ["By promise", "By priority", "By team"]) await page.getByRole("region", { name: `Service levels: ${name}` }).getByRole("table").waitFor();
    for (const name of ["Work of agents", "Work of teams", "By channel", "By tag", "By priority", "Hours of the week"]) {
      await page.getByRole("region", { name, exact: true }).getByRole("table").first().waitFor();
    }
    await seen(page, "analytics");
    await picture(page, "analytics-light", { height: 1250 });
    await picture(page, "analytics-dark", { colorScheme: "dark", height: 1250 });
    await picture(page, "analytics-small", { width: 390, height: 1100 });
    await picture(page, "analytics-hours", { height: 1105, place: "section:has(.heat)" });
  },

  async "every number and every bar leads to as many as it says"({ page }) {
    const links = page.locator("main a[href*='/console/analytics/']");
    const found = await links.evaluateAll((links) => links.map((link) => {
      // A rate or a time has a title, which says first of how many it is.
      const [counted] = /^\d+(?= )/.exec(link.title ?? "") ?? [];
      const told = counted ?? (link.querySelector("title") ?? link).textContent.trim();
      // Those within a chart have another kind of address.
      return { href: new URL(link.getAttribute("href"), location).href, told, isBar: link.closest("svg") !== null };
    }));
    // Bars of times and rates have no number of tickets at the end of their words.
    const counted = found.filter(({ told }) => /^(\d+|.*: .*(opened|resolved|met|missed) \d+)$/.test(told));
    for (const part of ["figure=opened", "figure=resolution", "figure=backlog", "figure=assigned", "hour=", "/waits?", "/messages?"]) {
      assert(counted.some(({ href }) => href.includes(part)), part);
    }
    assert(counted.some(({ isBar }) => isBar));
    const step = Math.ceil(counted.length / 60);
    for (const { href, told } of counted.filter((_, index) => index % step === 0)) {
      const text = await (await page.request.get(href)).text();
      const [, count] = /<span class="count">(\d+)<\/span>/.exec(text) ?? [];
      assert.equal(count, /\d+$/.exec(told)[0], `${told}: ${href}`);
    }
  },

  async "a number is narrowed by a filter, and clicking it shows its tickets"({ page }) {
    await page.locator("select[name=team]").selectOption({ label: "Network" });
    await page.getByRole("checkbox", { name: "email" }).check();
    await page.locator("select[name=group]").selectOption("week");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/team=.*channel=email/, { waitUntil: "commit" });
    const teams = page.getByRole("region", { name: "Work of teams" });
    await teams.getByRole("link", { name: "Service desk" }).waitFor({ state: "detached" });
    await teams.getByRole("link", { name: "Network" }).waitFor();
    await settled(page);
    const tile = page.getByRole("list", { name: "At a glance" }).getByRole("link", { name: /^Opened/ });
    const count = await tile.locator("strong").innerText();
    await tile.click();
    await page.getByRole("heading", { name: `Opened ${count}` }).waitFor();
    await page.getByRole("link", { name: "team: Network: take away" }).waitFor();
    await settled(page);
    assert.equal(await page.locator("tbody tr").count(), Math.min(count, 25));
    await page.getByText("Times of Europe/Berlin").waitFor();
    await seen(page, "behind");
    await picture(page, "behind");
    const behind = page.url();
    await page.getByRole("main").getByRole("link", { name: "Analytics" }).click();
    await page.getByRole("heading", { name: /^Analytics/ }).waitFor();
    await settled(page);
    const { searchParams: back } = new URL(page.url());
    assert.deepEqual([back.get("channel"), back.get("group")], ["email", "week"], "the way back keeps filters and periods");
    assert.equal(await tile.locator("strong").innerText(), count);
    await page.goto(behind);
    await page.locator("a.subject").first().click();
    await page.locator("#subject").waitFor();
    await settled(page);
    await picture(page, "ticket", { height: 1180 });
  },

  async "a small screen cuts nothing off, and keeps names in sight"({ page }) {
    await page.setViewportSize({ width: 375, height: 812 });
    await page.goto(`${origin}/console/analytics`);
    const cut = await page.locator("svg.chart text").evaluateAll((texts) => texts.filter((text) => {
      const [inner, outer] = [text, text.closest("svg")].map((element) => element.getBoundingClientRect());
      return inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5;
    }).map((text) => text.textContent.trim()));
    assert.deepEqual(cut, [], "numbers and names of charts are cut off");
    const shift = await page.locator(".scroll:has(.heat)").evaluate((scroll) => {
      scroll.scrollLeft = 200;
      return scroll.querySelector("tbody th").getBoundingClientRect().left - scroll.getBoundingClientRect().left;
    });
    assert(shift >= 0, "the names of weekdays are scrolled away");
    await page.goto(`${origin}/console/tickets?query=${encodeURIComponent("tag:vip status:closed")}`);
    const tag = page.locator(".tag").first();
    const { height } = await tag.boundingBox();
    assert(height < 40, `a tag is ${height} pixels high`);
    assert.equal(await page.locator("td[data-label=Deadline]:visible").count(), 0, "what is not there takes a line");
    await page.setViewportSize({ width: 1280, height: 900 });
  },

  async "a query with a mistake is mended on the page of analytics"({ page }) {
    await page.goto(`${origin}/console/analytics?query=status:opne&priority=high`);
    await page.getByRole("alert").getByText(/column 8/).waitFor();
    assert.equal(await page.getByLabel("Query").inputValue(), "status:opne");
    assert(await page.getByRole("checkbox", { name: "high" }).isChecked());
    await seen(page, "analytics-mistake");
  },

  async "a form from elsewhere changes nothing"({ page, ticket }) {
    const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    const path = `${origin}/console/tickets/${ticket.id}/reopen`;
    for (const from of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }, {}]) {
      const headers = { Cookie: cookies, "Content-Type": "application/x-www-form-urlencoded", ...from };
      const response = await fetch(path, { method: "POST", headers, redirect: "manual" });
      assert.equal(response.status, 403, JSON.stringify(from));
    }
    const now = await api(AGENT_TOKEN, "GET", `/tickets/${ticket.id}`);
    assert.equal(now.status, "resolved");
    // The cookies of the console open nothing but the console.
    const direct = await fetch(`${API}/tickets`, { headers: { Cookie: cookies } });
    assert.equal(direct.status, 401);
  },

  async "signing out ends it"({ page }) {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    await page.goto(`${origin}/console/tickets`);
    assert.equal(page.url(), `${origin}/console/sign-in`);
  },

  async "without scripts, a customer sees and answers their own, and gets no further than through the API"({ browser, ticket }) {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    await signIn(page, CUSTOMER_EMAIL);
    await page.getByRole("link", { name: subject }).click();
    await page.getByRole("heading", { name: subject }).waitFor();
    await page.waitForLoadState();
    assert.equal(await page.getByText("The third this week.").count(), 0, "a note is shown to a customer");
    assert.equal(await page.getByRole("button", { name: "Assign" }).count(), 0);
    await page.getByRole("textbox", { name: "Message" }).fill("The even ones.");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".thread").getByText("The even ones.").waitFor();
    const refused = await page.goto(`${origin}/console/analytics`);
    assert.equal(refused.status(), 403);
    const counts = await page.request.get(`${origin}/console/tickets/counts`);
    assert.match(await counts.text(), /Unsolved <span class="count">\d+<\/span>/, "a customer has counts, too");
    const unknown = await page.goto(`${origin}/console/tickets/${crypto.randomUUID()}`);
    assert.equal(unknown.status(), 404);
    await context.close();
    const look = () => api(AGENT_TOKEN, "GET", `/tickets/${ticket.id}`);
    const now = await eventually(look, (one) => one.status === "open");
    assert.equal(now.status, "open");
  },
};

const ticket = await api(CUSTOMER_TOKEN, "POST", "/tickets", { subject, body: "It did so twice today.", priority: "urgent" });
await api(CUSTOMER_TOKEN, "POST", "/tickets", { subject: "A quiet question", body: "Whenever.", priority: "low" });
const quietOnes = { name: "Slow burners", query: "priority:low", sort: "created_at", columns: ["number", "subject", "channel", "created_at"] };
await api(AGENT_TOKEN, "POST", "/views", quietOnes);
await api(ADMIN_TOKEN, "PATCH", "/organization", { settings: { time_zone: "Europe/Berlin" } });
// The first page that is looked at has all of it.
await api(AGENT_TOKEN, "GET", "/tickets");
const wrong = [];
const started = await chromium.launch({ executablePath: CHROMIUM, args: [...flags, ...quiet] });
try {
  const context = await started.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  watch(page, wrong);
  for (const [name, step] of Object.entries(steps)) {
    await step({ page, browser: started, ticket }).catch(async (error) => {
      await page.screenshot({ path: "failed.png", fullPage: true });
      throw new Error(`${name}: ${page.url()}`, { cause: error });
    });
    console.log(`ok: ${name}`);
  }
  assert.deepEqual(wrong, []);
  console.log(`${Object.keys(steps).length} passed, 0 failed`);
} finally {
  await started.close();
}
