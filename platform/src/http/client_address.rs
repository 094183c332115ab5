//! Where a request comes from: its peer, or what a trusted proxy says of it.
//!
//! Anybody can write a forwarding header, so it counts only as far as it was written by proxies that the configuration
//! names: the list is read from its right end, where the nearest proxy wrote, up to the first address that is no such
//! proxy.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use poem::Request;
use poem::http::{HeaderMap, HeaderName, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// How much of an IPv6 address names a customer of a provider: whoever has one address has its whole /64.
const IPV6_NETWORK_BITS: u32 = 64;

/// The address of a client. Handlers read it from the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address of a request, as the server found it out.
    #[must_use]
    pub fn of(request: &Request) -> Option<Self> {
        request.data().copied()
    }

    /// What is limited as one: the address itself, or the /64 of an IPv6 address.
    #[must_use]
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let host_bits = u128::BITS - IPV6_NETWORK_BITS;
                let network = u128::from(address) >> host_bits << host_bits;
                IpAddr::V6(Ipv6Addr::from(network))
            }
        }
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The header in which trusted proxies tell the addresses that they saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For: client, proxy`, the usual one.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=client, for=proxy` (RFC 7239).
    Forwarded,
}

impl FromStr for ForwardingHeader {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.to_ascii_lowercase().as_str() {
            "x-forwarded-for" => Ok(Self::XForwardedFor),
            "forwarded" => Ok(Self::Forwarded),
            _ => Err(()),
        }
    }
}

/// The networks of the proxies that are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = ();

    /// Reads a list such as `10.0.0.0/8, fd00::/8, 192.0.2.7`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let networks = text.split(',').map(|item| network(item.trim()));
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, ()> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| one()).map_err(drop)
}

impl TrustedProxies {
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Finds out the addresses of clients.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientAddresses {
    /// Who is believed. Default: nobody.
    pub trusted: TrustedProxies,
    /// In which header.
    pub header: ForwardingHeader,
}

impl ClientAddresses {
    /// The address of the client behind the request.
    #[must_use]
    pub fn find(&self, request: &Request) -> ClientAddress {
        let peer = request.remote_addr().as_socket_addr();
        // Only a listener that is no IP socket has none; its requests count as from one place.
        let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
        self.client(peer.to_canonical(), request.headers())
    }

    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        if !self.trusted.contains(peer) {
            return ClientAddress(peer);
        }
        let mut nearest = peer;
        for hop in self.header.hops(headers) {
            // What a proxy could not tell, or a client invented: the last one that is known answers for it.
            let Some(address) = hop else { break };
            nearest = address;
            if !self.trusted.contains(address) {
                break;
            }
        }
        ClientAddress(nearest)
    }
}

impl ForwardingHeader {
    /// The addresses that the header tells, the nearest first; none in the place of what is no address.
    fn hops(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => header::FORWARDED,
        };
        let values: Vec<_> = headers.get_all(name).iter().collect();
        values.into_iter().rev().flat_map(move |value| {
            // Whatever bytes a client wrote, what a proxy wrote behind them in the same line is read.
            let text = String::from_utf8_lossy(value.as_bytes());
            let hops: Vec<_> = match self {
                Self::XForwardedFor => text.rsplit(',').map(node_address).collect(),
                Self::Forwarded => rsplit_unquoted(&text, ',').map(forwarded_for).collect(),
            };
            hops
        })
    }
}

/// The address in an element of `Forwarded`: `for="[2001:db8::1]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = rsplit_unquoted(element, ';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    node_address(node.trim().trim_matches('"'))
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn node_address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let bare = match node.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None if node.matches(':').count() == 1 => node.split_once(':')?.0,
        None => node,
    };
    Some(bare.parse::<IpAddr>().ok()?.to_canonical())
}

/// The parts of a text between separators that are not within quotes, the last first. Counted from the end: a quote that a
/// client leaves open hides nothing that a proxy wrote behind it.
fn rsplit_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.rsplit(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(header: ForwardingHeader, peer: &str, lines: &[&str]) -> String {
        let addresses = ClientAddresses {
            trusted: "10.0.0.0/8, 2001:db8:ffff::1".parse().unwrap(),
            header,
        };
        let name = match header {
            ForwardingHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardingHeader::Forwarded => header::FORWARDED,
        };
        let lines = lines
            .iter()
            .map(|line| (name.clone(), line.parse().unwrap()));
        let peer = peer.parse::<IpAddr>().unwrap().to_canonical();
        addresses.client(peer, &lines.collect()).to_string()
    }

    fn x_forwarded_for(peer: &str, lines: &[&str]) -> String {
        client(ForwardingHeader::XForwardedFor, peer, lines)
    }

    fn forwarded(lines: &[&str]) -> String {
        client(ForwardingHeader::Forwarded, PROXY, lines)
    }

    #[test]
    fn the_header_of_anybody_but_a_trusted_proxy_is_ignored() {
        assert_eq!(x_forwarded_for("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
        assert_eq!(x_forwarded_for("11.0.0.1", &["10.0.0.2"]), "11.0.0.1");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_is_the_client() {
        for (line, found) in [
            ("198.51.100.1", "198.51.100.1"),
            ("1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("1.1.1.1, 198.51.100.1, 10.2.2.2,10.3.3.3", "198.51.100.1"),
            ("1.1.1.1, 2001:DB8::7, 2001:db8:ffff::1", "2001:db8::7"),
            ("10.9.9.9, 10.8.8.8", "10.9.9.9"),
        ] {
            assert_eq!(x_forwarded_for(PROXY, &[line]), found, "{line}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = ["1.1.1.1", "198.51.100.1", "10.2.2.2"];
        assert_eq!(x_forwarded_for(PROXY, &lines), "198.51.100.1");
    }

    #[test]
    fn what_is_no_address_ends_the_list() {
        for line in [
            "",
            "unknown",
            "198.51.100.1, nonsense",
            "1.2.3",
            "1.2.3.4:5:6",
        ] {
            assert_eq!(x_forwarded_for(PROXY, &[line]), PROXY, "{line}");
        }
        assert_eq!(
            x_forwarded_for(PROXY, &["1.1.1.1, _x, 10.2.2.2"]),
            "10.2.2.2"
        );
        assert_eq!(x_forwarded_for(PROXY, &[]), PROXY);
    }

    #[test]
    fn what_a_client_leaves_open_hides_nothing_that_a_proxy_wrote_behind_it() {
        for line in [
            "\", 198.51.100.1",
            "\"1.1.1.1, 198.51.100.1",
            "[, 198.51.100.1",
        ] {
            assert_eq!(x_forwarded_for(PROXY, &[line]), "198.51.100.1", "{line}");
        }
        for line in [
            "for=\"1.1.1.1, for=198.51.100.1",
            "\", for=198.51.100.1;proto=https",
            "for=\"[::1]:1;x=\"\", for=\"198.51.100.1:4711\"",
        ] {
            assert_eq!(forwarded(&[line]), "198.51.100.1", "{line}");
        }
    }

    #[test]
    fn a_mapped_address_is_the_one_of_version_4() {
        assert_eq!(
            x_forwarded_for("::ffff:192.0.2.7", &["1.1.1.1"]),
            "192.0.2.7"
        );
        assert_eq!(
            x_forwarded_for("::ffff:10.0.0.1", &["::ffff:1.1.1.1"]),
            "1.1.1.1"
        );
    }

    #[test]
    fn a_port_is_no_part_of_an_address() {
        for (line, found) in [
            ("198.51.100.1:4711", "198.51.100.1"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
        ] {
            assert_eq!(x_forwarded_for(PROXY, &[line]), found, "{line}");
        }
    }

    #[test]
    fn the_standard_header_is_read_when_it_is_chosen_and_no_other() {
        for (line, found) in [
            ("for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
            ("proto=https;For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            (
                "for=1.1.1.1, for=198.51.100.1, for=10.2.2.2",
                "198.51.100.1",
            ),
            ("for=1.1.1.1;host=\"a,b;for=2.2.2.2\"", "1.1.1.1"),
            ("for=unknown", PROXY),
            ("for=_hidden, for=10.2.2.2", "10.2.2.2"),
            ("198.51.100.1", PROXY),
        ] {
            assert_eq!(forwarded(&[line]), found, "{line}");
        }
    }

    #[test]
    fn the_network_of_a_version_6_address_is_its_64() {
        let network = |text: &str| ClientAddress(text.parse().unwrap()).network().to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn a_list_with_anything_but_networks_is_refused() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/8,",
            "proxy.internal",
            "10.0.0.0/8 fd00::/8",
        ] {
            assert!(text.parse::<TrustedProxies>().is_err(), "{text}");
        }
    }
}
