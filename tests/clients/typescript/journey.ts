// The life of a ticket through the TypeScript client: the types of openapi-typescript, the requests of openapi-fetch.
// Needs $API, $AGENT_EMAIL, $CUSTOMER_EMAIL, $PASSWORD and $AGENT_ID.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./api.js";

type Desk = Client<paths>;
type Problem = components["schemas"]["Problem"];

const subject = "The TypeScript client prints nothing";

function variable(name: string): string {
  const value = process.env[name];
  assert(value, `$${name} is needed`);
  return value;
}

async function signedIn(email: string): Promise<Desk> {
  const desk = createClient<paths>({ baseUrl: variable("API") });
  const { data, error } = await desk.POST("/auth/login", { body: { email, password: variable("PASSWORD") } });
  assert(data?.tokens, error?.detail);
  desk.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${data.tokens?.access_token}`);
    },
  });
  return desk;
}

async function opened(customer: Desk): Promise<string> {
  const request = {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { subject, body: "Not a line.", priority: "urgent" },
  } as const;
  const { data } = await customer.POST("/tickets", request);
  assert(data);
  const again = await customer.POST("/tickets", request);
  assert.equal(again.data?.id, data.id);
  assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");
  return data.id;
}

async function workedOn(agent: Desk, ticket_id: string): Promise<string> {
  const path = { ticket_id };
  const posted = await agent.POST("/tickets/{ticket_id}/messages", {
    params: { path },
    body: { body: "Is it plugged in?" },
  });
  assert.equal(posted.data?.ticket_status, "open");
  assert.equal(posted.data.visibility, "public");
  const agent_id = variable("AGENT_ID");
  const assigned = await agent.POST("/tickets/{ticket_id}/assign", { params: { path }, body: { agent_id } });
  assert.equal(assigned.data?.agent_id, agent_id);
  const resolved = await agent.POST("/tickets/{ticket_id}/resolve", { params: { path, header: { Prefer: "wait=10" } } });
  assert.equal(resolved.data?.ticket?.status, "resolved");
  const token = resolved.response.headers.get("Consistency-Token");
  assert(token);
  return token;
}

async function lookedAt(agent: Desk, ticket_id: string, token: string): Promise<void> {
  const path = { ticket_id };
  const page = await agent.GET("/tickets", {
    params: {
      query: { status: ["resolved"], priority: ["urgent"], limit: 5, include_total: true },
      header: { "Consistency-Token": token },
    },
  });
  assert(page.data?.items.some((ticket) => ticket.id === ticket_id));
  const messages = await agent.GET("/tickets/{ticket_id}/messages", { params: { path } });
  assert.deepEqual(
    messages.data?.items.map((message) => message.body),
    ["Not a line.", "Is it plugged in?"],
  );
  const history = await agent.GET("/tickets/{ticket_id}/history", { params: { path } });
  assert.equal(history.data?.items[0]?.type, "ticket.opened");
  const sla = await agent.GET("/tickets/{ticket_id}/sla", { params: { path } });
  const firstReply = sla.data?.clocks.find((clock) => clock.metric === "first_reply");
  assert.equal(firstReply?.state, "met");
}

async function refused(customer: Desk, agent: Desk, ticket_id: string): Promise<void> {
  const path = { ticket_id };
  const body = { agent_id: variable("AGENT_ID") };
  const forbidden = await customer.POST("/tickets/{ticket_id}/assign", { params: { path }, body });
  assert.equal(forbidden.response.headers.get("Content-Type"), "application/problem+json");
  const problem: Problem | undefined = forbidden.error;
  assert.equal(problem?.status, 403);
  assert(problem.request_id);
  const unknown = await agent.GET("/tickets/{ticket_id}/sla", { params: { path: { ticket_id: randomUUID() } } });
  assert.equal(unknown.error?.type, "urn:insightdesk:problem:not_found");
  const wrong = await agent.POST("/tickets/{ticket_id}/messages", { params: { path }, body: { body: "  " } });
  assert.equal(wrong.response.status, 422);
  assert.equal(wrong.error?.errors?.[0]?.pointer, "/body");
}

const [customer, agent] = await Promise.all([signedIn(variable("CUSTOMER_EMAIL")), signedIn(variable("AGENT_EMAIL"))]);
const ticketId = await opened(customer);
const token = await workedOn(agent, ticketId);
await lookedAt(agent, ticketId, token);
await refused(customer, agent, ticketId);
console.log("TypeScript: the journey came to its end");
