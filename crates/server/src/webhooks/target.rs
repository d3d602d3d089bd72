//! Where webhooks may lead. A server that posts to addresses of others' choosing must not be made to reach what only it can reach:
//! its own machine, its network, the metadata of its cloud. So addresses are judged when a name has been resolved, and exactly
//! those that were judged are connected to.

use futures::future::BoxFuture;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Which addresses webhooks may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Targets {
    /// https, to addresses of the internet
    Public,
    /// Anywhere, http included: for receivers in one's own network, and for tests
    Private,
}

/// Characters of an address, at most.
const URL_MAX: usize = 2000;

/// Why an address cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Malformed,
    NotHttps,
    NotPublic,
}

impl Targets {
    /// The address that `text` is, if webhooks may lead there as far as it can be told without resolving its name.
    pub fn check(self, text: &str) -> Result<Url, Flaw> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= URL_MAX).ok_or(Flaw::Malformed)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !["http", "https"].contains(&url.scheme()) || !url.has_host() || !is_plain {
            return Err(Flaw::Malformed);
        }
        if self == Targets::Public && url.scheme() != "https" {
            return Err(Flaw::NotHttps);
        }
        match literal(&url) {
            Some(address) if !self.allows(address) => Err(Flaw::NotPublic),
            _ => Ok(url),
        }
    }

    pub fn allows(self, address: IpAddr) -> bool {
        self == Targets::Private || is_public(address)
    }
}

/// The address that stands in the URL instead of a name.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an address is of the internet (the registries of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match (first, second, third) {
        // This network, shared by providers, IETF, relays of 6to4, benchmarks.
        (0, ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _) => true,
        // Reserved, and broadcast.
        (240.., ..) => true,
        _ => address.is_documentation() || address.is_multicast(),
    };
    !(is_special || address.is_loopback() || address.is_private() || address.is_link_local())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    // Addresses that hold one of version 4 lead there.
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            embedded(high, low)
        }
        // Only 2000::/3 is of the internet; within it the IETF's own, documentation.
        _ => matches!(first, 0x2000..=0x3fff) && !matches!((first, second), (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, _)),
    }
}

/// A name that leads only where webhooks may not.
#[derive(Debug)]
pub struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to no address that webhooks may have")
    }
}

impl std::error::Error for NotAllowed {}

/// Resolves names to those of their addresses that are allowed.
pub struct Resolver {
    pub targets: Targets,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> BoxFuture<'static, Result<Addrs, Box<dyn std::error::Error + Send + Sync>>> {
        let targets = self.targets;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| targets.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err(NotAllowed.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_lead_to_the_internet_by_https_and_nowhere_else() {
        for url in [
            "https://example.org/hook?a=b",
            "https://1.1.1.1:8443/",
            "https://[2606:4700::1111]/",
            "https://站点.中国/",
        ] {
            assert!(Targets::Public.check(url).is_ok(), "{url}");
        }
        let cases = [
            ("http://example.org/", Flaw::NotHttps),
            ("ftp://example.org/", Flaw::Malformed),
            ("https://user:word@example.org/", Flaw::Malformed),
            ("https://example.org/#part", Flaw::Malformed),
            ("/hook", Flaw::Malformed),
            ("https://", Flaw::Malformed),
            ("", Flaw::Malformed),
            ("https://127.0.0.1/", Flaw::NotPublic),
            // As browsers write them, and resolvers read them.
            ("https://2130706433/", Flaw::NotPublic),
            ("https://0x7f.1/", Flaw::NotPublic),
            ("https://[::ffff:10.0.0.1]/", Flaw::NotPublic),
        ];
        for (url, flaw) in cases {
            assert_eq!(Targets::Public.check(url), Err(flaw), "{url}");
        }
        for url in ["http://127.0.0.1:8080/hook", "http://receiver.internal/"] {
            assert!(Targets::Private.check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn addresses_of_machines_networks_and_clouds_are_not_of_the_internet() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in inside {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let outside = [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.5.5.5",
            "2400:3200::1",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ];
        for address in outside {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        let resolve =
            async |targets| Resolver { targets }.resolve("localhost".parse().unwrap()).await.map(Iterator::count);
        assert!(resolve(Targets::Public).await.is_err_and(|error| error.is::<NotAllowed>()));
        assert!(resolve(Targets::Private).await.is_ok_and(|count| count > 0));
    }
}
