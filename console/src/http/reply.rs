//! The form in which a reply is written. What was written in one that was refused stays in it: only whoever wrote it may
//! throw it away.

use askama::Template;
use platform::http::problem::Problem;
use poem::Response;
use uuid::Uuid;

use super::answers;
use super::form::Form;

/// The form, empty or with what was written before.
#[derive(Template)]
#[template(path = "reply.html")]
pub(super) struct ReplyForm {
    ticket_id: Uuid,
    is_staff: bool,
    is_closed: bool,
    key: String,
    body: String,
    is_note: bool,
    refusal: Option<String>,
}

/// The page with nothing but that form, where the ticket cannot be shown.
#[derive(Template)]
#[template(path = "unsent.html")]
struct UnsentPage {
    ticket_id: Uuid,
    reply: ReplyForm,
}

impl ReplyForm {
    pub(super) fn empty(ticket_id: Uuid, is_staff: bool, is_closed: bool) -> Self {
        Self {
            ticket_id,
            is_staff,
            is_closed,
            key: Uuid::new_v4().to_string(),
            body: String::new(),
            is_note: false,
            refusal: None,
        }
    }

    /// With what was written, and why it was not taken.
    pub(super) fn refused(self, form: &Form, problem: &Problem) -> Self {
        // What failed on our side may be done all the same, and is done once under its key. What was refused was not done,
        // and is another request once it is mended.
        let may_be_done = problem.status().is_server_error();
        let key = form.get("key").filter(|_| may_be_done);
        Self {
            key: key.map_or(self.key, str::to_owned),
            body: form.get("body").unwrap_or_default().to_owned(),
            is_note: form.get("internal").is_some(),
            refusal: Some(problem.to_string()),
            ..self
        }
    }
}

/// The page where not even the ticket can be shown.
pub(super) fn unsent(ticket_id: Uuid, is_staff: bool, form: &Form, problem: &Problem) -> Response {
    let reply = ReplyForm::empty(ticket_id, is_staff, false).refused(form, problem);
    answers::refusing(problem, &UnsentPage { ticket_id, reply })
}

#[cfg(test)]
mod tests {
    use platform::http::body::RawBody;
    use poem::Request;

    use super::*;

    fn key_after(problem: &Problem) -> String {
        let sent = RawBody("key=k1&body=Hello".into());
        let form = Form::of_body(&Request::builder().extension(sent).finish());
        let empty = ReplyForm::empty(Uuid::nil(), true, false);
        empty.refused(&form, problem).key
    }

    #[test]
    fn a_reply_that_may_have_been_taken_is_sent_again_under_its_key_and_no_other_one() {
        assert_eq!(key_after(&Problem::unavailable("later", 1)), "k1");
        assert_ne!(key_after(&Problem::conflict("closed")), "k1");
        assert_ne!(key_after(&Problem::unprocessable("used before")), "k1");
    }
}
