"""The life of a ticket through the Python client that openapi-python-client generates.

usage: journey.py    with $API, $AGENT_EMAIL, $CUSTOMER_EMAIL, $PASSWORD and $AGENT_ID
"""

import os
from http import HTTPStatus
from uuid import UUID, uuid4

from insight_desk_client import AuthenticatedClient, Client
from insight_desk_client.api.access import sign_in
from insight_desk_client.api.tickets import (
    assign_ticket,
    explain_ticket_sla,
    list_history,
    list_messages,
    list_tickets,
    open_ticket,
    post_message,
    resolve_ticket,
)
from insight_desk_client.models import (
    AssignBody,
    OpenTicketBody,
    PostMessageBody,
    Priority,
    Problem,
    SignInBody,
    SlaClockMetric,
    TicketStatus,
    Visibility,
)

API = os.environ["API"]
AGENT_ID = UUID(os.environ["AGENT_ID"])
SUBJECT = "The Python client prints nothing"


def signed_in(email):
    body = SignInBody(email=email, password=os.environ["PASSWORD"])
    result = sign_in.sync(client=Client(base_url=API), body=body)
    assert result.status == "signed_in", result
    return AuthenticatedClient(base_url=API, token=result.tokens.access_token)


def expect(response, status):
    assert response.status_code == status, (response.status_code, response.content)
    return response.parsed


def opened(customer):
    body = OpenTicketBody(subject=SUBJECT, body="Not a line.", priority=Priority.URGENT)
    key = str(uuid4())
    ticket = expect(open_ticket.sync_detailed(client=customer, body=body, idempotency_key=key), HTTPStatus.CREATED)
    again = open_ticket.sync_detailed(client=customer, body=body, idempotency_key=key)
    assert again.parsed.id == ticket.id and again.headers["Idempotency-Replayed"] == "true"
    return ticket.id


def worked_on(agent, ticket_id):
    reply = PostMessageBody(body="Is it plugged in?")
    posted = expect(post_message.sync_detailed(ticket_id, client=agent, body=reply), HTTPStatus.CREATED)
    assert posted.ticket_status == TicketStatus.OPEN and posted.visibility == Visibility.PUBLIC
    assigned = assign_ticket.sync_detailed(ticket_id, client=agent, body=AssignBody(agent_id=AGENT_ID))
    assert expect(assigned, HTTPStatus.OK).agent_id == AGENT_ID
    resolved = resolve_ticket.sync_detailed(ticket_id, client=agent, prefer="wait=10")
    assert expect(resolved, HTTPStatus.OK).ticket.status == TicketStatus.RESOLVED
    return resolved.headers["Consistency-Token"]


def looked_at(agent, ticket_id, token):
    page = list_tickets.sync(
        client=agent,
        status=[TicketStatus.RESOLVED],
        priority=[Priority.URGENT],
        limit=5,
        include_total=True,
        consistency_token=token,
    )
    assert ticket_id in [ticket.id for ticket in page.items] and page.total >= 1
    messages = list_messages.sync(ticket_id, client=agent)
    assert [message.body for message in messages.items] == ["Not a line.", "Is it plugged in?"]
    history = list_history.sync(ticket_id, client=agent)
    assert history.items[0].type_ == "ticket.opened" and history.items[0].actor.name
    sla = explain_ticket_sla.sync(ticket_id, client=agent)
    states = {clock.metric: clock.state for clock in sla.clocks}
    assert states[SlaClockMetric.FIRST_REPLY] == "met", states


def refused(customer, agent, ticket_id):
    body = AssignBody(agent_id=AGENT_ID)
    problem = expect(assign_ticket.sync_detailed(ticket_id, client=customer, body=body), HTTPStatus.FORBIDDEN)
    assert isinstance(problem, Problem) and problem.status == HTTPStatus.FORBIDDEN and problem.request_id
    unknown = expect(explain_ticket_sla.sync_detailed(uuid4(), client=agent), HTTPStatus.NOT_FOUND)
    assert unknown.type_ == "urn:insightdesk:problem:not_found", unknown
    wrong = expect(
        post_message.sync_detailed(ticket_id, client=agent, body=PostMessageBody(body="  ")),
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    assert wrong.errors[0].pointer == "/body", wrong


def main():
    customer, agent = signed_in(os.environ["CUSTOMER_EMAIL"]), signed_in(os.environ["AGENT_EMAIL"])
    ticket_id = opened(customer)
    token = worked_on(agent, ticket_id)
    looked_at(agent, ticket_id, token)
    refused(customer, agent, ticket_id)
    print("Python: the journey came to its end")


if __name__ == "__main__":
    main()
