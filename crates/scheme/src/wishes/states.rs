//! Which step follows which. Pure.

/// Where a wish stands, as people say it. With several claimants it is published as long as there is room for more, and then where
/// the slowest of them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Draft,
    Published,
    Claimed,
    Fulfilled,
    Rated,
    Posted,
    Rejected,
    Withdrawn,
    Expired,
}

/// What is done with a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WishStep {
    Publish,
    Reject,
    Withdraw,
    Reopen,
    Expire,
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimStatus {
    /// Passed on to a unit that has not answered yet.
    Offered,
    Claimed,
    Fulfilled,
    Rated,
    /// Decided, and not all of it is in the book yet: a record may be before the public.
    Confirmed,
    Posted,
    Declined,
    GivenBack,
    Lapsed,
    Withdrawn,
}

/// What is done with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimStep {
    Accept,
    Decline,
    GiveBack,
    Fulfil,
    Rate,
    SendBack,
    /// Whether the wisher has to have rated it.
    Confirm {
        rated: bool,
    },
    Post,
    Lapse,
    Withdraw,
}

impl Status {
    pub const ALL: [Status; 9] = [
        Status::Draft,
        Status::Published,
        Status::Claimed,
        Status::Fulfilled,
        Status::Rated,
        Status::Posted,
        Status::Rejected,
        Status::Withdrawn,
        Status::Expired,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Published => "published",
            Status::Claimed => "claimed",
            Status::Fulfilled => "fulfilled",
            Status::Rated => "rated",
            Status::Posted => "posted",
            Status::Rejected => "rejected",
            Status::Withdrawn => "withdrawn",
            Status::Expired => "expired",
        }
    }

    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Where it stands after `step`; `None` when that is not possible here.
    pub fn after(self, step: WishStep) -> Option<Status> {
        match (self, step) {
            (Status::Draft, WishStep::Publish) => Some(Status::Published),
            (Status::Draft, WishStep::Reject) => Some(Status::Rejected),
            (Status::Draft | Status::Published | Status::Claimed, WishStep::Withdraw) => Some(Status::Withdrawn),
            (Status::Expired | Status::Withdrawn | Status::Rejected, WishStep::Reopen) => Some(Status::Published),
            (Status::Published, WishStep::Expire) => Some(Status::Expired),
            _ => None,
        }
    }

    /// Where a wish for so many claimants stands, given its claims.
    pub fn of_claims(self, claimants: i64, claims: impl Iterator<Item = ClaimStatus>) -> Status {
        let is_open = !matches!(self, Status::Draft | Status::Rejected | Status::Withdrawn | Status::Expired);
        let active: Vec<ClaimStatus> = claims.filter(|claim| claim.is_active()).collect();
        if !is_open {
            return self;
        }
        if i64::try_from(active.len()).unwrap_or(i64::MAX) < claimants {
            return Status::Published;
        }
        active.into_iter().map(ClaimStatus::shown).min_by_key(|status| *status as u8).unwrap_or(Status::Published)
    }
}

impl WishStep {
    /// Where it leads: doing it there again is a repetition.
    pub fn leads_to(self) -> Status {
        match self {
            WishStep::Publish | WishStep::Reopen => Status::Published,
            WishStep::Reject => Status::Rejected,
            WishStep::Withdraw => Status::Withdrawn,
            WishStep::Expire => Status::Expired,
        }
    }
}

impl ClaimStatus {
    pub const ALL: [ClaimStatus; 10] = [
        ClaimStatus::Offered,
        ClaimStatus::Claimed,
        ClaimStatus::Fulfilled,
        ClaimStatus::Rated,
        ClaimStatus::Confirmed,
        ClaimStatus::Posted,
        ClaimStatus::Declined,
        ClaimStatus::GivenBack,
        ClaimStatus::Lapsed,
        ClaimStatus::Withdrawn,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            ClaimStatus::Offered => "offered",
            ClaimStatus::Claimed => "claimed",
            ClaimStatus::Fulfilled => "fulfilled",
            ClaimStatus::Rated => "rated",
            ClaimStatus::Confirmed => "confirmed",
            ClaimStatus::Posted => "posted",
            ClaimStatus::Declined => "declined",
            ClaimStatus::GivenBack => "given_back",
            ClaimStatus::Lapsed => "lapsed",
            ClaimStatus::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Option<ClaimStatus> {
        ClaimStatus::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it takes up one of the wish's places.
    pub fn is_active(self) -> bool {
        use ClaimStatus::{Declined, GivenBack, Lapsed, Withdrawn};
        !matches!(self, Declined | GivenBack | Lapsed | Withdrawn)
    }

    /// How a wish stands that it is the only claim of.
    fn shown(self) -> Status {
        match self {
            ClaimStatus::Fulfilled => Status::Fulfilled,
            ClaimStatus::Rated | ClaimStatus::Confirmed => Status::Rated,
            ClaimStatus::Posted => Status::Posted,
            _ => Status::Claimed,
        }
    }

    /// Where it stands after `step`; `None` when that is not possible here.
    pub fn after(self, step: ClaimStep) -> Option<ClaimStatus> {
        match (self, step) {
            (ClaimStatus::Offered, ClaimStep::Accept) => Some(ClaimStatus::Claimed),
            (ClaimStatus::Offered, ClaimStep::Decline) => Some(ClaimStatus::Declined),
            (ClaimStatus::Claimed, ClaimStep::GiveBack) => Some(ClaimStatus::GivenBack),
            (ClaimStatus::Claimed, ClaimStep::Fulfil) => Some(ClaimStatus::Fulfilled),
            (ClaimStatus::Fulfilled, ClaimStep::Rate) => Some(ClaimStatus::Rated),
            (ClaimStatus::Fulfilled | ClaimStatus::Rated, ClaimStep::SendBack) => Some(ClaimStatus::Claimed),
            (ClaimStatus::Rated, ClaimStep::Confirm { .. }) => Some(ClaimStatus::Confirmed),
            (ClaimStatus::Fulfilled, ClaimStep::Confirm { rated: false }) => Some(ClaimStatus::Confirmed),
            (ClaimStatus::Confirmed, ClaimStep::Post) => Some(ClaimStatus::Posted),
            (ClaimStatus::Offered | ClaimStatus::Claimed, ClaimStep::Lapse) => Some(ClaimStatus::Lapsed),
            (ClaimStatus::Offered | ClaimStatus::Claimed, ClaimStep::Withdraw) => Some(ClaimStatus::Withdrawn),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_stands_where_the_slowest_of_its_claimants_does() {
        use ClaimStatus::{Claimed, GivenBack, Lapsed, Posted, Rated};
        let cases = [
            (1, vec![], Status::Published),
            (1, vec![Claimed], Status::Claimed),
            (1, vec![Lapsed, GivenBack], Status::Published),
            (2, vec![Posted], Status::Published),
            (2, vec![Posted, Rated], Status::Rated),
            (2, vec![Posted, Lapsed, Claimed], Status::Claimed),
            (2, vec![Posted, Posted], Status::Posted),
        ];
        for (claimants, claims, expected) in cases {
            let stands = Status::Published.of_claims(claimants, claims.iter().copied());
            assert_eq!(stands, expected, "{claims:?} of {claimants}");
            assert_eq!(Status::Withdrawn.of_claims(claimants, claims.into_iter()), Status::Withdrawn);
        }
    }
}
