//! The year of a whole community, lived through the served interface alone: people register, serve, are rated, complain, wish and
//! exchange, with the clock stepped from day to day. The dice are the same every time. At the end, what was meant to come of it is
//! held against balances, totals of the year and the journal, to the minute.

mod account;
mod door;
mod gather;
mod live;
mod months;
mod plan;
mod wishes;

use super::SteppedClock;
use crate::api::limits::{Limits, Rates};
use crate::api::{self, Api};
use crate::cli::serve::{Serving, serve};
use crate::clock::wall_clock;
use crate::jobs;
use crate::settings::Settings;
use crate::webhooks::Post;
use account::Account;
use actix_web::HttpServer;
use actix_web::web::Data;
use anyhow::{Context, ensure};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Utc};
use door::Door;
use plan::{Plan, Size};
use scheme::Role;
use scheme::keys::{self, NewKey};
use std::time::Instant;

const CODE: &str = "ziyang";
const ZIYANG: &str = include_str!("../../../../../tests/data/schemes/ziyang.toml");

/// What Ziyang has not published, so that a part of the records is shown to the public first, complaints have consequences, and
/// wishes carry points. It goes on where the last version of Ziyang's rules ends.
const BESIDE: &str = r#"
[versions.publicity]
working_days = 3
categories = ["culture"]

[complaints]
answer_working_days = 15
reverses_record = true
vetoes_reviews = true

[wishes]
max_points = "30"
claim_days = 14
published_by = ["staff", "scheme_admin"]
rating_required = true
"#;

/// Everything that happens in the year, with what it happens to.
pub struct Year<'y> {
    plan: &'y Plan,
    door: &'y Door,
    clock: &'y SteppedClock,
    api: &'y Data<Api>,
    /// What is meant to come of it.
    account: Account,
}

impl Year<'_> {
    /// Puts the clock on an hour of a day.
    fn at(&self, day: i64, hour: u32) {
        self.clock.put(moment(self.plan.day(day), hour));
    }

    /// What the server does by itself once a minute, done once now.
    async fn jobs(&self) -> anyhow::Result<()> {
        jobs::once(self.api, (self.api.clock)()).await
    }
}

fn moment(day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let local = chrono_tz_of_china().from_local_datetime(&day.and_time(time)).earliest();
    local.map_or_else(wall_clock, |local| local.with_timezone(&Utc))
}

/// China has one time zone, without summer time.
fn chrono_tz_of_china() -> chrono::FixedOffset {
    const EIGHT_HOURS: i32 = 8 * 3600;
    chrono::FixedOffset::east_opt(EIGHT_HOURS).expect("eight hours are less than a day")
}

/// Lives through the year and accounts for it. With `check` that is all; otherwise the community is then served until Ctrl-C.
pub async fn run(size: &str, check: bool, serving: &Serving) -> anyhow::Result<()> {
    let size = Size::named(size).with_context(|| format!("no size {size:?}; there are {}", Size::NAMES.join(", ")))?;
    let folder = tempfile::Builder::new().prefix("aixin-demo.").tempdir().context("no temporary folder")?;
    let clock = SteppedClock::default();
    let settings = Settings {
        database_url: format!("sqlite://{}/aixin.db", folder.path().display()),
        origin: "demo.localhost".to_owned(),
        signing_key: None,
    };
    let plan = Plan::make(size, wall_clock().year() - 1);
    clock.put(moment(plan.day(0), 6));
    let schemes = settings.open(clock.clock()).await?;
    schemes.apply(&format!("{ZIYANG}{BESIDE}"), (clock.clock())()).await?;
    let operator = keys::create(&schemes, NewKey::of_scheme(CODE, Role::Operator, "demo operator"), (clock.clock())());
    let operator = operator.await?.secret;

    let (post, limits) = (Post::new(serving.webhooks.clone())?, Limits::new(&Rates::unlimited()));
    let api = Data::new(Api::new(schemes, clock.clock(), post, limits));
    let shared = api.clone();
    let server = HttpServer::new(move || api::app(shared.clone())).disable_signals().bind("127.0.0.1:0")?;
    let address = server.addrs().first().copied().context("no address is listened on")?;
    let server = server.run();
    let (handle, served) = (server.handle(), tokio::spawn(server));
    let outcome = live(&plan, &format!("http://{address}"), &operator, &clock, &api).await;
    handle.stop(true).await;
    served.await??;
    let door = outcome?;

    // The threads of that server may hold on to it a moment longer: the community is served from its database, opened anew.
    api.schemes.close().await;
    api.schemes.db().close().await;
    if !check {
        clock.let_go();
        serve(settings.open(clock.clock()).await?, clock.clock(), serving, |address| {
            println!("\n{CODE}: http://{address}/docs (Ctrl-C: 全部数据删除 all of it is gone)");
            door.print_keys();
        })
        .await?;
    }
    folder.close().context("the temporary folder could not be removed")
}

async fn live(plan: &Plan, base: &str, operator: &str, clock: &SteppedClock, api: &Data<Api>) -> anyhow::Result<Door> {
    let began = Instant::now();
    let door = Door::open(base, CODE, operator).await?;
    let mut year = Year { plan, door: &door, clock, api, account: Account::new(plan) };
    year.open().await?;
    for day in 0..plan.days() {
        year.live(day).await?;
    }
    year.close().await?;
    let asked = door.asked();
    let seconds = began.elapsed().as_secs_f64();
    println!("{} 年，{asked} 次请求 requests，{seconds:.0} 秒 seconds\n", plan.year);
    let differences = account::reconcile(&year, api).await?;
    ensure!(differences == 0, "{differences} figures are not what was meant");
    Ok(door)
}
