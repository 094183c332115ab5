//! What people do with the product, from the first request to the last answer.

mod ticket_life;
