//! The schemes of an installation: their configurations, and their open books.

use crate::actors::Actor;
use crate::calendar::{self, Calendar};
use crate::config::{ConfigError, Rules, Scheme, VolunteerAccount};
use crate::keys::Authenticated;
use crate::micros;
use crate::projection::SchemeProjection;
use crate::rankings::Boards;
use crate::rewards::{Reward, Session};
use crate::secrets::Secrets;
use crate::statistics::Counted;
use crate::units::{self, UnitError};
use crate::volunteers::{Rosters, Together, Volunteer};
use chrono::{DateTime, NaiveDate, Utc};
use db::Db;
use ledger::book::Clock;
use ledger::checkpoint::NoteSigner;
use ledger::{Book, BookOptions};
use moka::sync::Cache;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use uuid::Uuid;

/// How long this process may go on with what another process has changed: prices, keys, a volunteer's status.
const SEEN_BY_OTHERS: Duration = Duration::from_secs(2);

pub struct Settings {
    pub clock: Clock,
    /// Signs checkpoints; `None`: a key kept in the database.
    pub signing_key: Option<[u8; 32]>,
    /// What the signer is called, before `/{scheme}`: a host name that the operator owns.
    pub origin: String,
}

/// All schemes on one database.
pub struct Schemes {
    db: Db,
    settings: Settings,
    secrets: Secrets,
    /// Where the books' committers run. They must outlive the threads that serve requests, of which any may open a scheme.
    runtime: Handle,
    /// Held while a scheme is opened, so that it has one book.
    opening: Mutex<()>,
    open: RwLock<HashMap<String, Arc<OpenScheme>>>,
    pub(crate) known_keys: Cache<[u8; 32], Arc<Authenticated>>,
    calendar: SharedCalendar,
}

/// The working days, which all schemes share.
type SharedCalendar = Arc<RwLock<Arc<Calendar>>>;

/// A scheme at work.
pub struct OpenScheme {
    pub db: Db,
    pub book: Book,
    pub secrets: Secrets,
    config: RwLock<Arc<Scheme>>,
    pub(crate) actors: Cache<Uuid, Arc<Actor>>,
    pub(crate) rewards: Cache<Uuid, Arc<Reward>>,
    /// One at a time reads a reward that is not kept; a crowd that waits for it finds it then.
    pub(crate) rewards_asked: tokio::sync::Mutex<()>,
    pub(crate) sessions: Cache<Uuid, Arc<Session>>,
    pub(crate) volunteers: Cache<Uuid, Arc<Volunteer>>,
    pub(crate) volunteers_asked: Arc<Together>,
    /// Ids that are somebody's: they stay so.
    pub(crate) known_volunteers: RwLock<HashSet<Uuid>>,
    pub(crate) known_organisation: units::Known,
    pub(crate) rosters: Rosters,
    pub(crate) boards: Boards,
    pub(crate) counted: Counted,
    clock: Clock,
    edition: RwLock<i64>,
    signer: NoteSigner,
    calendar: SharedCalendar,
}

#[derive(Debug, thiserror::Error)]
pub enum SchemeError {
    #[error("there is no scheme {code:?}")]
    SchemeNotFound { code: String },
    #[error(transparent)]
    Database(#[from] db::Error),
}

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("the points of scheme {code:?} have {scale} decimals; that cannot be changed")]
    ScaleChanged { code: String, scale: u8 },
    #[error("the account {account:?} counts something else already; that cannot be changed")]
    AccountChanged { account: String },
    #[error(
        "the rules {version:?}, in force from {from}, are not what they were; write what changes as a version of its own"
    )]
    PastChanged { version: String, from: NaiveDate },
    /// The tree that the configuration describes does not fit what the units are by now: moved, merged.
    #[error(transparent)]
    Units(UnitError),
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl From<UnitError> for ApplyError {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Database(error) => ApplyError::Database(error),
            other => ApplyError::Units(other),
        }
    }
}

/// What applying a configuration came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub code: String,
    pub edition: i64,
    /// False when the same configuration was in force already.
    pub changed: bool,
}

#[derive(sqlx::FromRow)]
struct EditionRow {
    edition: i64,
    configuration: String,
}

impl Schemes {
    pub async fn open(db: Db, settings: Settings) -> db::Result<Schemes> {
        let secrets = Secrets::load(&db, settings.signing_key).await?;
        let known_keys = Cache::builder().max_capacity(10_000).time_to_live(SEEN_BY_OTHERS).build();
        let (opening, open) = (Mutex::default(), RwLock::default());
        let runtime = Handle::current();
        let calendar = Arc::new(RwLock::new(Arc::new(calendar::load(&db).await?)));
        Ok(Schemes { db, settings, secrets, runtime, opening, open, known_keys, calendar })
    }

    /// The working days.
    pub fn calendar(&self) -> Arc<Calendar> {
        self.calendar.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Puts a configuration in force. Applying the same one again changes nothing. Rules that have been in force must stay
    /// what they were: people have earned by them.
    pub async fn apply(&self, toml: &str, now: DateTime<Utc>) -> Result<Applied, ApplyError> {
        self.apply_over(toml, false, now).await
    }

    /// As [`Schemes::apply`]; with `change_past` even rules that have been in force may be changed, as when they were copied
    /// down wrongly. What has been confirmed by them stays as it is.
    pub async fn apply_over(&self, toml: &str, change_past: bool, now: DateTime<Utc>) -> Result<Applied, ApplyError> {
        let config = Scheme::parse(toml)?;
        let code = config.code.clone();
        let book = match self.opened(&code) {
            Some(scheme) => scheme.book.clone(),
            // For its number alone: the scheme is opened when somebody asks for it.
            None => self.open_book(&code).await?,
        };
        let mut tx = self.db.begin_write().await?;
        // The first edition's row is the lock under which editions are numbered; a new scheme falls to the primary key.
        tx.lock("SELECT edition FROM schemes WHERE book = $1 AND edition = 1")
            .bind(book.number())
            .fetch_optional::<(i64,)>()
            .await?;
        let newest: Option<EditionRow> = tx
            .query("SELECT edition, configuration FROM schemes WHERE book = $1 ORDER BY edition DESC LIMIT 1")
            .bind(book.number())
            .fetch_optional()
            .await?;
        let edition = newest.as_ref().map_or(0, |row| row.edition);
        if let Some(row) = &newest {
            if row.configuration == toml {
                return Ok(Applied { code, edition, changed: false });
            }
            let before = Scheme::parse(&row.configuration)?;
            may_follow(&before, &config, change_past, now)?;
            units::configure(&mut tx, book.number(), Some(&before), &config, config.day_of(now)).await?;
        } else {
            units::configure(&mut tx, book.number(), None, &config, config.day_of(now)).await?;
        }
        tx.query("INSERT INTO schemes (book, edition, code, applied_at, configuration) VALUES ($1, $2, $3, $4, $5)")
            .bind(book.number())
            .bind(edition + 1)
            .bind(code.clone())
            .bind(micros(now))
            .bind(toml.to_owned())
            .execute()
            .await?;
        tx.commit().await?;
        if let Some(scheme) = self.opened(&code) {
            scheme.renew(edition + 1, config);
        }
        Ok(Applied { code, edition: edition + 1, changed: true })
    }

    /// The scheme of this code, opened at first use.
    pub async fn get(&self, code: &str) -> Result<Arc<OpenScheme>, SchemeError> {
        if let Some(scheme) = self.opened(code) {
            return Ok(scheme);
        }
        let _opening = self.opening.lock().await;
        if let Some(scheme) = self.opened(code) {
            return Ok(scheme);
        }
        let row: Option<EditionRow> = self
            .db
            .query("SELECT edition, configuration FROM schemes WHERE code = $1 ORDER BY edition DESC LIMIT 1")
            .bind(code.to_owned())
            .fetch_optional()
            .await?;
        let row = row.ok_or_else(|| SchemeError::SchemeNotFound { code: code.to_owned() })?;
        let config = parse_stored(&row.configuration)?;
        let scheme = Arc::new(self.scheme(self.open_book(code).await?, row.edition, config));
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(code.to_owned(), scheme.clone());
        Ok(scheme)
    }

    /// The codes of all schemes.
    pub async fn codes(&self) -> db::Result<Vec<String>> {
        let rows: Vec<(String,)> =
            self.db.query("SELECT code FROM schemes WHERE edition = 1 ORDER BY code").fetch_all().await?;
        Ok(rows.into_iter().map(|(code,)| code).collect())
    }

    /// Takes over the configurations and the calendar that other processes have applied since.
    pub async fn refresh(&self) -> db::Result<()> {
        let calendar = Arc::new(calendar::load(&self.db).await?);
        *self.calendar.write().unwrap_or_else(PoisonError::into_inner) = calendar;
        let open: Vec<_> = self.open.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for scheme in open {
            let newest: Option<EditionRow> = self
                .db
                .query(
                    "SELECT edition, configuration FROM schemes WHERE book = $1 AND edition > $2
                     ORDER BY edition DESC LIMIT 1",
                )
                .bind(scheme.book.number())
                .bind(scheme.edition())
                .fetch_optional()
                .await?;
            if let Some(row) = newest {
                scheme.renew(row.edition, parse_stored(&row.configuration)?);
            }
        }
        Ok(())
    }

    /// Closes every book, after what it has taken is posted and answered.
    pub async fn close(&self) {
        let open = std::mem::take(&mut *self.open.write().unwrap_or_else(PoisonError::into_inner));
        for scheme in open.into_values() {
            scheme.book.close().await;
        }
    }

    fn opened(&self, code: &str) -> Option<Arc<OpenScheme>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).get(code).cloned()
    }

    async fn open_book(&self, code: &str) -> db::Result<Book> {
        let options = BookOptions::new(self.settings.clock.clone());
        let (db, code) = (self.db.clone(), code.to_owned());
        let book = async move { Book::open(&db, &code, Arc::new(SchemeProjection), options).await };
        self.runtime.spawn(book).await.expect("opening a book neither panics nor is given up")
    }

    fn scheme(&self, book: Book, edition: i64, config: Scheme) -> OpenScheme {
        let name = format!("{}/{}", self.settings.origin, config.code);
        OpenScheme {
            db: self.db.clone(),
            book,
            secrets: self.secrets.clone(),
            config: RwLock::new(Arc::new(config)),
            actors: Cache::new(10_000),
            rewards: Cache::builder().max_capacity(10_000).time_to_live(SEEN_BY_OTHERS).build(),
            rewards_asked: tokio::sync::Mutex::default(),
            sessions: Cache::builder().max_capacity(10_000).time_to_live(SEEN_BY_OTHERS).build(),
            volunteers: Cache::builder().max_capacity(100_000).time_to_live(SEEN_BY_OTHERS).build(),
            volunteers_asked: Arc::default(),
            known_volunteers: RwLock::default(),
            known_organisation: units::Known::default(),
            rosters: Rosters::default(),
            boards: Boards::default(),
            counted: Counted::default(),
            clock: self.settings.clock.clone(),
            edition: RwLock::new(edition),
            signer: NoteSigner::new(name, self.secrets.signing_key),
            calendar: self.calendar.clone(),
        }
    }
}

impl OpenScheme {
    /// The configuration in force.
    pub fn config(&self) -> Arc<Scheme> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The day that it is where the scheme is.
    pub fn today(&self) -> NaiveDate {
        self.config().day_of(crate::moment((self.clock)()))
    }

    pub fn edition(&self) -> i64 {
        *self.edition.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The working days.
    pub fn calendar(&self) -> Arc<Calendar> {
        self.calendar.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn signer(&self) -> &NoteSigner {
        &self.signer
    }

    fn renew(&self, edition: i64, config: Scheme) {
        self.known_organisation.forget();
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        *self.edition.write().unwrap_or_else(PoisonError::into_inner) = edition;
    }
}

/// What is in the book already is what it was.
fn may_follow(before: &Scheme, config: &Scheme, change_past: bool, now: DateTime<Utc>) -> Result<(), ApplyError> {
    if before.points_scale != config.points_scale {
        return Err(ApplyError::ScaleChanged { code: config.code.clone(), scale: before.points_scale });
    }
    let otherwise =
        |known: &&VolunteerAccount| config.account(&known.code).is_some_and(|new| new.counts != known.counts);
    if let Some(account) = before.accounts.iter().find(otherwise) {
        return Err(ApplyError::AccountChanged { account: account.code.clone() });
    }
    let today = config.day_of(now);
    let begun = before.versions().iter().filter(|rules| rules.from <= today && !change_past);
    for rules in begun {
        let kept = config.versions().iter().find(|new| new.version == rules.version);
        // Rules may be closed, from today on.
        let closed = |new: &&Rules| {
            let ends = new.until == rules.until || new.until.is_some_and(|until| until >= today);
            ends && {
                let mut open = (*new).clone();
                open.until = rules.until;
                open == *rules
            }
        };
        if kept.filter(closed).is_none() {
            return Err(ApplyError::PastChanged { version: rules.version.clone(), from: rules.from });
        }
    }
    Ok(())
}

/// What was applied had been checked.
fn parse_stored(toml: &str) -> db::Result<Scheme> {
    Scheme::parse(toml).map_err(|error| db::Error::Damaged(format!("schemes.configuration: {error}")))
}
