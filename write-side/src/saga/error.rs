//! Why the saga did not start, or why a partition stands still.

use domain::calendar::definition::CalendarRef;
use domain::event::DecodeError;
use event_store::{Partition, Position, ReadError};
use thiserror::Error;

/// Why the saga did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An option makes no sense.
    #[error("option {name} of the saga must be at least 1")]
    Option {
        /// Its name.
        name: &'static str,
    },
    /// The partitions of the log cannot be read.
    #[error(
        "the saga cannot read the partitions of the log: check the database and run the migrations"
    )]
    Partitions(#[source] ReadError),
}

/// Why a partition of the saga stands still. It is tried again, here or by another instance.
#[derive(Debug, Error)]
pub enum SagaError {
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The tables of the saga cannot be used.
    #[error("the tables of the saga cannot be used")]
    Database(#[from] tokio_postgres::Error),
    /// No connection was free in time.
    #[error("the saga got no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A transaction took too long.
    #[error("a transaction of the saga had no answer in time")]
    Timeout,
    /// Another instance holds the lease.
    #[error("partition {0} was taken over by another instance")]
    LeaseLost(Partition),
    /// An event cannot be understood. Nothing is skipped: the partition waits for a program that knows the event.
    #[error(
        "the event at position {position} of partition {partition} cannot be understood; its timers wait for a program that can"
    )]
    Poison {
        /// The partition.
        partition: Partition,
        /// The event's place in it.
        position: Position,
        /// What was wrong.
        source: DecodeError,
    },
    /// A clock counts by a calendar that the log does not hold.
    #[error(
        "the log holds no version {} of the calendar {}, by which a clock counts",
        .0.version,
        .0.id
    )]
    NoCalendar(CalendarRef),
    /// The envelope of an event cannot be understood.
    #[error(
        "the metadata of the event at position {position} of partition {partition} cannot be understood"
    )]
    Envelope {
        /// The partition.
        partition: Partition,
        /// The event's place in it.
        position: Position,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// A fault of the program, reported as a panic.
    #[error(
        "the saga of partition {0} failed because of a fault of the program; see the log for the panic"
    )]
    Panicked(Partition),
    /// A row of the saga does not fit its type: it was written by another program, or by hand.
    #[error("a row of the saga's tables cannot be understood: {what}")]
    BadRow {
        /// Which column, and why.
        what: String,
    },
}
