//! Which step follows which. Pure.

/// Where a complaint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    Received,
    Investigated,
    Upheld,
    Dismissed,
    /// Answered, and to be answered once more by somebody else.
    Appealed,
    Withdrawn,
}

/// What is done with a complaint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Investigate,
    Uphold,
    Dismiss,
    Appeal,
    Withdraw,
}

impl Status {
    pub const ALL: [Status; 6] = [
        Status::Received,
        Status::Investigated,
        Status::Upheld,
        Status::Dismissed,
        Status::Appealed,
        Status::Withdrawn,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Received => "received",
            Status::Investigated => "investigated",
            Status::Upheld => "upheld",
            Status::Dismissed => "dismissed",
            Status::Appealed => "appealed",
            Status::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it waits for an answer.
    pub fn is_open(self) -> bool {
        matches!(self, Status::Received | Status::Investigated | Status::Appealed)
    }

    /// Where it stands after `action`; `None` when that is not possible here.
    pub fn after(self, action: Action) -> Option<Status> {
        match (self, action) {
            (Status::Received, Action::Investigate) => Some(Status::Investigated),
            (Status::Investigated | Status::Appealed, Action::Uphold) => Some(Status::Upheld),
            (Status::Investigated | Status::Appealed, Action::Dismiss) => Some(Status::Dismissed),
            (Status::Upheld | Status::Dismissed, Action::Appeal) => Some(Status::Appealed),
            (Status::Received | Status::Investigated, Action::Withdraw) => Some(Status::Withdrawn),
            _ => None,
        }
    }
}

impl Action {
    /// Where it leads: doing it there again is a repetition.
    pub fn leads_to(self) -> Status {
        match self {
            Action::Investigate => Status::Investigated,
            Action::Uphold => Status::Upheld,
            Action::Dismiss => Status::Dismissed,
            Action::Appeal => Status::Appealed,
            Action::Withdraw => Status::Withdrawn,
        }
    }
}
