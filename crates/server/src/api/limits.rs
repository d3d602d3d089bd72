//! How many requests somebody may make: so many a second for each key, by its role, and so many failed attempts to show a key from
//! each address. Kept in memory by each process: what it costs is a look into a table and an atomic number.

use crate::api::error::{Code, Problem};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use scheme::{Operator, Role};
use std::net::IpAddr;
use std::num::NonZeroU32;
use uuid::Uuid;

/// Requests a second for each key; 0: as many as it likes. Five seconds' worth may come at once.
#[derive(Debug, Clone, clap::Args)]
pub struct Rates {
    /// Requests a second for each key of a kiosk; 0: no limit. Five seconds' worth may come at once
    #[arg(long, value_name = "N", env = "AIXIN_RATE_KIOSK", default_value_t = 200)]
    rate_kiosk: u32,

    /// The same for staff
    #[arg(long, value_name = "N", env = "AIXIN_RATE_STAFF", default_value_t = 200)]
    rate_staff: u32,

    /// The same for reviewers
    #[arg(long, value_name = "N", env = "AIXIN_RATE_REVIEWER", default_value_t = 200)]
    rate_reviewer: u32,

    /// The same for administrators of a scheme
    #[arg(long, value_name = "N", env = "AIXIN_RATE_SCHEME_ADMIN", default_value_t = 200)]
    rate_scheme_admin: u32,

    /// The same for auditors
    #[arg(long, value_name = "N", env = "AIXIN_RATE_AUDITOR", default_value_t = 200)]
    rate_auditor: u32,

    /// The same for operators
    #[arg(long, value_name = "N", env = "AIXIN_RATE_OPERATOR", default_value_t = 50)]
    rate_operator: u32,

    /// The same for all other roles
    #[arg(long, value_name = "N", env = "AIXIN_RATE_OTHERS", default_value_t = 50)]
    rate_others: u32,

    /// Requests a minute from one address without a key that is known; 0: no limit
    #[arg(long, value_name = "N", env = "AIXIN_RATE_STRANGERS", default_value_t = 60)]
    rate_strangers: u32,
}

impl Rates {
    /// As many as everybody likes: for a server that nobody else can reach.
    pub fn unlimited() -> Rates {
        Rates {
            rate_kiosk: 0,
            rate_staff: 0,
            rate_reviewer: 0,
            rate_scheme_admin: 0,
            rate_auditor: 0,
            rate_operator: 0,
            rate_others: 0,
            rate_strangers: 0,
        }
    }
}

/// Seconds' worth of requests that may come at once.
const BURST_SECONDS: u32 = 5;

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// What is left to everybody.
pub struct Limits {
    by_role: Vec<(Role, Kind<Uuid>)>,
    strangers: Option<Kind<IpAddr>>,
}

struct Kind<K: std::hash::Hash + Eq + Clone> {
    limiter: Limiter<K>,
    burst: u32,
    /// Seconds in which all of the burst comes back.
    window: u32,
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    burst: u32,
    window: u32,
    left: u32,
    /// Until more is left.
    seconds: u64,
}

impl Allowance {
    /// The headers `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
    pub fn headers(&self) -> [(&'static str, String); 2] {
        let Allowance { burst, window, left, seconds } = self;
        [
            ("ratelimit-policy", format!("\"default\";q={burst};w={window}")),
            ("ratelimit", format!("\"default\";r={left};t={seconds}")),
        ]
    }

    /// 429
    pub fn problem(&self) -> Problem {
        let seconds = self.seconds;
        let (zh, en) = (format!("请在 {seconds} 秒后重试"), format!("try again in {seconds} seconds"));
        Problem { allowance: Some(*self), ..Problem::new(Code::TooManyRequests).detail(zh, en) }
    }

    pub fn retry_after(&self) -> u64 {
        self.seconds
    }
}

impl<K: std::hash::Hash + Eq + Clone> Kind<K> {
    fn new(rate: Quota, window: u32) -> Kind<K> {
        let burst = rate.burst_size().get();
        let limiter = RateLimiter::dashmap(rate).with_middleware::<StateInformationMiddleware>();
        Kind { limiter, burst, window }
    }

    fn take(&self, who: &K) -> Result<Allowance, Allowance> {
        let (burst, window) = (self.burst, self.window);
        let answer = |left, seconds| Allowance { burst, window, left, seconds };
        match self.limiter.check_key(who) {
            Ok(state) => Ok(answer(state.remaining_burst_capacity(), 1)),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Err(answer(0, wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)))
            }
        }
    }
}

impl Limits {
    pub fn new(rates: &Rates) -> Limits {
        let per_second = |role: &Role| {
            let rate = NonZeroU32::new(rates.of(*role))?;
            let burst = rate.saturating_mul(NonZeroU32::new(BURST_SECONDS)?);
            Some((*role, Kind::new(Quota::per_second(rate).allow_burst(burst), BURST_SECONDS)))
        };
        let strangers = NonZeroU32::new(rates.rate_strangers).map(|rate| Kind::new(Quota::per_minute(rate), 60));
        Limits { by_role: Role::ALL.iter().filter_map(per_second).collect(), strangers }
    }

    /// Nobody is refused.
    pub fn none() -> Limits {
        Limits { by_role: Vec::new(), strangers: None }
    }

    /// A request of a key; 429 when it has made too many. `None`: it may make as many as it likes.
    pub fn take(&self, caller: &Operator) -> Result<Option<Allowance>, Problem> {
        let kind = self.by_role.iter().find(|(role, _)| *role == caller.role);
        let taken = kind.map(|(_, kind)| kind.take(&caller.key_id)).transpose();
        taken.map_err(|allowance| allowance.problem())
    }

    /// A request without a key that is known. A known key is never refused for what others at its address do, since many may
    /// come through one proxy.
    pub fn stranger(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        let taken = self.strangers.as_ref().zip(address).map(|(kind, address)| kind.take(&address)).transpose();
        taken.map(|_| ()).map_err(|allowance| allowance.problem())
    }

    /// Forgets those to whom all is left anyway.
    pub fn forget(&self) {
        for (_, kind) in &self.by_role {
            kind.limiter.retain_recent();
        }
        if let Some(strangers) = &self.strangers {
            strangers.limiter.retain_recent();
            strangers.limiter.shrink_to_fit();
        }
    }
}

impl Rates {
    fn of(&self, role: Role) -> u32 {
        match role {
            Role::Kiosk => self.rate_kiosk,
            Role::Staff => self.rate_staff,
            Role::Reviewer => self.rate_reviewer,
            Role::SchemeAdmin => self.rate_scheme_admin,
            Role::Auditor => self.rate_auditor,
            Role::Operator => self.rate_operator,
            #[allow(unreachable_patterns, reason = "roles are added")]
            _ => self.rate_others,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(kiosk: u32, strangers: u32) -> Rates {
        Rates {
            rate_kiosk: kiosk,
            rate_staff: 0,
            rate_reviewer: 0,
            rate_scheme_admin: 0,
            rate_auditor: 0,
            rate_operator: 0,
            rate_others: 0,
            rate_strangers: strangers,
        }
    }

    fn of(role: Role) -> Operator {
        Operator::machine(Uuid::now_v7(), role, "")
    }

    #[test]
    fn each_key_has_five_seconds_worth_of_its_role_and_is_then_told_to_wait() {
        let limits = Limits::new(&rates(2, 0));
        let (one, other, staff) = (of(Role::Kiosk), of(Role::Kiosk), of(Role::Staff));
        for left in (0..10).rev() {
            let allowance = limits.take(&one).unwrap().unwrap();
            let headers = allowance.headers();
            assert_eq!(headers[0].1, "\"default\";q=10;w=5");
            assert_eq!(headers[1].1, format!("\"default\";r={left};t=1"));
        }
        let problem = limits.take(&one).unwrap_err();
        assert_eq!(problem.code, Code::TooManyRequests);
        assert_eq!(problem.allowance.map(|allowance| allowance.retry_after()), Some(1));
        assert!(limits.take(&other).is_ok());
        assert!((0..1000).all(|_| limits.take(&staff) == Ok(None)));
    }

    #[test]
    fn strangers_are_counted_by_address() {
        let limits = Limits::new(&rates(0, 3));
        let address = |text: &str| Some(text.parse().unwrap());
        assert!((0..3).all(|_| limits.stranger(address("192.0.2.1")).is_ok()));
        assert!(limits.stranger(address("192.0.2.1")).is_err());
        assert!(limits.stranger(address("192.0.2.2")).is_ok());
        assert!(limits.stranger(None).is_ok());
    }
}
