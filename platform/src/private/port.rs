//! Choosing a port on loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// `usual` when it is given and free, else any free port. Another process may take it
/// before it is used: then the start is tried again with another one.
pub(super) fn free_port(usual: Option<u16>) -> io::Result<u16> {
    let usual = usual.map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    let listener = match usual {
        Some(Ok(listener)) => listener,
        Some(Err(_)) | None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?,
    };
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_taken_port_is_avoided() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = holder.local_addr().unwrap().port();
        assert_ne!(free_port(Some(taken)).unwrap(), taken);
    }
}
