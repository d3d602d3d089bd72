//! `aixin demo`

mod cast;
mod community;
mod history;

use crate::cli::serve::{Serving, serve};
use crate::clock::{Clock, wall_clock};
use crate::settings::Settings;
use anyhow::Context;
use cast::{STAGES, Stage};
use chrono::{DateTime, Utc};
use scheme::keys::{self, NewKey, Operator};
use scheme::{Role, Schemes};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Try everything: two model schemes with people, rewards and some months of history, in a database that is gone afterwards
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  aixin demo --listen 127.0.0.1:8080\n  aixin demo --size community --check")]
pub struct Args {
    /// Accepted as everywhere, and not used: the demonstration makes its own database
    #[arg(long, value_name = "URL", hide = true)]
    database_url: Option<String>,

    /// Live through a year of a whole community first, through the interface: `community` has 1 000 volunteers and 36 000 hours,
    /// `tiny` is the same in small. What was meant is then held against balances, totals and the journal
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,

    /// Only account for the year, and end: with 0 when everything is as it was meant
    #[arg(long, requires = "size")]
    check: bool,

    #[command(flatten)]
    serving: Serving,
}

/// A clock that stands where it was put, until it is let go.
#[derive(Clone, Default)]
struct SteppedClock(Arc<AtomicI64>);

impl SteppedClock {
    const LET_GO: i64 = 0;

    fn put(&self, moment: DateTime<Utc>) {
        self.0.store(moment.timestamp_micros(), Ordering::Relaxed);
    }

    fn let_go(&self) {
        self.0.store(Self::LET_GO, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let stepped = self.0.clone();
        Arc::new(move || match stepped.load(Ordering::Relaxed) {
            Self::LET_GO => wall_clock(),
            micros => DateTime::from_timestamp_micros(micros).unwrap_or_default(),
        })
    }
}

/// A key, and who acts with it.
struct Held {
    role: Role,
    secret: String,
    operator: Operator,
}

pub async fn run(args: Args) -> anyhow::Result<()> {
    if let Some(size) = &args.size {
        return community::run(size, args.check, &args.serving).await;
    }
    let folder = tempfile::Builder::new().prefix("aixin-demo.").tempdir().context("no temporary folder")?;
    let stepped = SteppedClock::default();
    let settings = Settings {
        database_url: format!("sqlite://{}/aixin.db", folder.path().display()),
        origin: "demo.localhost".to_owned(),
        signing_key: None,
    };
    let schemes = settings.open(stepped.clock()).await?;
    let mut held = Vec::new();
    for stage in &STAGES {
        let begin = wall_clock() - history::LENGTH;
        stepped.put(begin);
        schemes.apply(stage.configuration, begin).await?;
        held.push(keys_of(&schemes, stage, begin).await?);
        history::play(&schemes, stage, held.last().map_or(&[], Vec::as_slice), &stepped).await?;
    }
    stepped.let_go();
    serve(schemes, stepped.clock(), &args.serving, |address| announce(address, &held)).await?;
    folder.close().context("the temporary folder could not be removed")
}

async fn keys_of(schemes: &Schemes, stage: &Stage, now: DateTime<Utc>) -> anyhow::Result<Vec<Held>> {
    let mut held = Vec::new();
    for role in Role::ALL {
        let team = (role == Role::Leader).then(|| "patrol".to_owned());
        let new = NewKey { team, ..NewKey::of_scheme(stage.code, role, &format!("demo {role}")) };
        let secret = keys::create(schemes, new, now).await?.secret;
        let known = keys::authenticate(schemes, &secret).await?.context("the key was made just now")?;
        held.push(Held { role, secret, operator: known.operator.clone() });
    }
    Ok(held)
}

fn announce(address: SocketAddr, held: &[Vec<Held>]) {
    println!("Aixin 演示 demonstration: http://{address}/docs (API 文档)");
    println!("停止 stop: Ctrl-C。停止后全部数据删除 all of it is gone then.\n");
    for (stage, held) in STAGES.iter().zip(held) {
        println!("{}:", stage.code);
        for key in held {
            println!("  {:12}  {}", key.role.as_str(), key.secret);
        }
    }
    let (Some(stage), Some(held)) = (STAGES.first(), held.first()) else { return };
    let key = |role| held.iter().find(|key| key.role == role).map_or("", |key| key.secret.as_str());
    let base = format!("http://{address}/api/v1/schemes/{}", stage.code);
    let (volunteer, reward) = (history::id_of(stage, stage.people[0].0), history::id_of(stage, stage.rewards[4].name));
    println!("\n# {} 的余额 balance", stage.people[0].0);
    println!("curl -H 'Authorization: Bearer {}' {base}/volunteers/{volunteer}/balance", key(Role::Kiosk));
    println!("\n# 兑换 exchange: {}", stage.rewards[4].name);
    println!(
        "curl -X PUT -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \\\n  \
         -d '{{\"volunteer_id\":\"{volunteer}\",\"reward_id\":\"{reward}\"}}' {base}/exchanges/{}",
        key(Role::Kiosk),
        uuid::Uuid::now_v7()
    );
    println!("\n# 账本 journal");
    println!("curl -H 'Authorization: Bearer {}' '{base}/entries?limit=5'", key(Role::Auditor));
}
