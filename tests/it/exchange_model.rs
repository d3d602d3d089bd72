//! Random exchanges through the scheme and through a small model of them: reserved, handed over in parts, cancelled, expired,
//! brought back, while the shelf changes and time passes. After every step both stand the same.

use crate::baskets::{back, basket, item, part};
use crate::exchange_rules::wish;
use crate::world::{World, details, operator};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use db::{Db, Engine};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, ExchangeError, Return, Wish};
use scheme::rewards::{self, Kind, Limit, Period, RewardDetails, StockChange};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Runtime;
use uuid::Uuid;

const PRICES: [i64; 2] = [10, 30];
/// Pieces of the second reward that one person may have.
const LIMIT: i64 = 6;
const EXTENDED: u64 = 10;
const HOLD_MINUTES: i64 = 5 * 24 * 60;

#[derive(Debug, Clone)]
enum Step {
    Earn,
    Reserve { quantities: [i64; 2], now: bool },
    Part { of: usize, line: usize, pieces: i64 },
    Collect { of: usize },
    Cancel { of: usize },
    Return { of: usize, line: usize, pieces: i64, restock: bool },
    Stock { reward: usize, change: i64 },
    Pass { hours: i64 },
    Expire,
}

fn step() -> impl Strategy<Value = Step> {
    let reserve = (prop::array::uniform2(0..4_i64), prop::bool::weighted(0.2));
    let (of, line, pieces) = (|| 0..6_usize, || 0..2_usize, || 1..4_i64);
    prop_oneof![
        2 => Just(Step::Earn),
        6 => reserve.prop_map(|(quantities, now)| Step::Reserve { quantities, now }),
        5 => (of(), line(), pieces()).prop_map(|(of, line, pieces)| Step::Part { of, line, pieces }),
        2 => of().prop_map(|of| Step::Collect { of }),
        2 => of().prop_map(|of| Step::Cancel { of }),
        4 => (of(), line(), pieces(), any::<bool>())
            .prop_map(|(of, line, pieces, restock)| Step::Return { of, line, pieces, restock }),
        1 => (0..2_usize, -3..4_i64).prop_map(|(reward, change)| Step::Stock { reward, change }),
        3 => prop_oneof![1..30_i64, 24..400_i64].prop_map(|hours| Step::Pass { hours }),
        2 => Just(Step::Expire),
    ]
}

/// What is in a lot.
type Lots = BTreeMap<NaiveDate, i64>;

#[derive(Debug, Clone, Default)]
struct Line {
    reward: usize,
    quantity: i64,
    collected: i64,
    returned: i64,
}

/// Pieces that were handed over together, and the points for them, lot by lot: what has not come back.
#[derive(Debug, Clone, Default)]
struct HandedOver {
    pieces: Vec<i64>,
    lots: Lots,
}

#[derive(Debug, Clone)]
struct Exchange {
    id: Uuid,
    status: &'static str,
    lines: Vec<Line>,
    held: Lots,
    ends: DateTime<Utc>,
    handed: Vec<HandedOver>,
}

#[derive(Debug, Default)]
struct Model {
    now: DateTime<Utc>,
    free: Lots,
    shelf: [i64; 2],
    used: i64,
    exchanges: Vec<Exchange>,
    /// All that ever came in, and what is gone for good.
    earned: i64,
    ended: i64,
    supplied: [i64; 2],
    removed: [i64; 2],
}

/// Takes from the lots in this order, down to nothing.
fn take(lots: &mut Lots, latest_first: bool, mut amount: i64, usable_from: NaiveDate) -> Lots {
    let mut days: Vec<NaiveDate> = lots.keys().copied().filter(|day| *day >= usable_from).collect();
    if latest_first {
        days.reverse();
    }
    let mut taken = Lots::new();
    for day in days {
        let part = amount.min(lots[&day]);
        *lots.entry(day).or_default() -= part;
        if part > 0 {
            taken.insert(day, part);
        }
        amount -= part;
    }
    assert_eq!(amount, 0, "the model was asked for more than there is");
    taken
}

impl Model {
    fn today(&self) -> NaiveDate {
        (self.now + Duration::hours(8)).date_naive()
    }

    fn available(&self) -> i64 {
        self.free.range(self.today()..).map(|(_, amount)| amount).sum()
    }

    fn held(&self) -> i64 {
        self.exchanges.iter().flat_map(|exchange| exchange.held.values()).sum()
    }

    /// Points come back: to their lots, or for some days more.
    fn give_back(&mut self, lots: Lots) {
        let (today, extended) = (self.today(), self.today() + Days::new(EXTENDED));
        for (day, amount) in lots {
            *self.free.entry(if day < today { extended } else { day }).or_default() += amount;
        }
    }

    fn reserve(&mut self, id: Uuid, quantities: [i64; 2], at_once: bool) -> Result<(), &'static str> {
        let wanted: Vec<usize> = (0..2).filter(|reward| quantities[*reward] > 0).collect();
        let price: i64 = wanted.iter().map(|reward| PRICES[*reward] * quantities[*reward]).sum();
        if price > self.available() {
            return Err("points");
        }
        if wanted.iter().any(|reward| quantities[*reward] > self.shelf[*reward]) {
            return Err("stock");
        }
        if self.used + quantities[1] > LIMIT {
            return Err("limit");
        }
        let today = self.today();
        let held = take(&mut self.free, false, price, today);
        for reward in &wanted {
            self.shelf[*reward] -= quantities[*reward];
        }
        self.used += quantities[1];
        let line = |reward: &usize| Line { reward: *reward, quantity: quantities[*reward], ..Line::default() };
        let lines: Vec<Line> = wanted.iter().map(line).collect();
        let ends = self.now + Duration::minutes(HOLD_MINUTES);
        let exchange = Exchange { id, status: "reserved", lines, held, ends, handed: Vec::new() };
        self.exchanges.push(exchange);
        if at_once {
            self.hand_over(self.exchanges.len() - 1, None);
        }
        Ok(())
    }

    /// Some pieces of one line, or all that is left.
    fn hand_over(&mut self, of: usize, some: Option<(usize, i64)>) -> bool {
        let exchange = &self.exchanges[of];
        let open = |line: &Line| line.quantity - line.collected;
        let pieces: Vec<i64> = match some {
            None => exchange.lines.iter().map(open).collect(),
            Some((place, pieces)) => {
                let asked = |(number, _)| if number == place { pieces } else { 0 };
                exchange.lines.iter().enumerate().map(asked).collect()
            }
        };
        let possible = exchange.lines.iter().zip(&pieces).all(|(line, pieces)| *pieces <= open(line));
        if exchange.status != "reserved" || !possible || pieces.iter().sum::<i64>() == 0 {
            // Again is the same again.
            return some.is_none() && exchange.status == "collected";
        }
        if exchange.ends <= self.now {
            self.release(of, "expired");
            return false;
        }
        let exchange = &mut self.exchanges[of];
        let price = exchange.lines.iter().zip(&pieces).map(|(line, pieces)| PRICES[line.reward] * pieces).sum();
        let lots = take(&mut exchange.held, false, price, NaiveDate::MIN);
        for (line, pieces) in exchange.lines.iter_mut().zip(&pieces) {
            line.collected += pieces;
        }
        exchange.handed.push(HandedOver { pieces, lots });
        if exchange.lines.iter().all(|line| line.collected == line.quantity) {
            exchange.status = "collected";
        }
        true
    }

    fn release(&mut self, of: usize, status: &'static str) {
        let exchange = &mut self.exchanges[of];
        exchange.status = status;
        let held = std::mem::take(&mut exchange.held);
        for line in exchange.lines.clone() {
            self.give_back_pieces(line.reward, line.quantity - line.collected, true);
        }
        self.give_back(held);
    }

    fn give_back_pieces(&mut self, reward: usize, pieces: i64, restock: bool) {
        let to = if restock { &mut self.shelf } else { &mut self.removed };
        to[reward] += pieces;
        self.used -= if reward == 1 { pieces } else { 0 };
    }

    fn cancel(&mut self, of: usize) -> bool {
        match self.exchanges[of].status {
            "reserved" => self.release(of, "cancelled"),
            status => return status == "cancelled",
        }
        true
    }

    fn bring_back(&mut self, of: usize, place: usize, pieces: i64, restock: bool) -> bool {
        let Some(line) = self.exchanges[of].lines.get_mut(place) else { return false };
        if pieces > line.collected - line.returned {
            return false;
        }
        line.returned += pieces;
        let (reward, mut left) = (line.reward, pieces);
        for number in (0..self.exchanges[of].handed.len()).rev() {
            let handed = &mut self.exchanges[of].handed[number];
            let part = left.min(handed.pieces[place]);
            handed.pieces[place] -= part;
            left -= part;
            let lots = take(&mut handed.lots, true, part * PRICES[reward], NaiveDate::MIN);
            self.give_back(lots);
        }
        self.give_back_pieces(reward, pieces, restock);
        true
    }

    fn stock(&mut self, reward: usize, change: i64) -> bool {
        if change == 0 || self.shelf[reward] + change < 0 {
            return false;
        }
        self.shelf[reward] += change;
        let counted = if change > 0 { &mut self.supplied } else { &mut self.removed };
        counted[reward] += change.abs();
        true
    }

    fn expire(&mut self) {
        for of in 0..self.exchanges.len() {
            if self.exchanges[of].status == "reserved" && self.exchanges[of].ends <= self.now {
                self.release(of, "expired");
            }
        }
        let kept = self.free.split_off(&self.today());
        self.ended += std::mem::replace(&mut self.free, kept).into_values().sum::<i64>();
    }

    /// Nothing came out of nothing, and nothing is gone without a trace.
    fn adds_up(&self) {
        let out = |line: &Line| line.collected - line.returned;
        let lines = || self.exchanges.iter().flat_map(|exchange| &exchange.lines);
        let spent: i64 = lines().map(|line| PRICES[line.reward] * out(line)).sum();
        assert_eq!(self.free.values().sum::<i64>() + self.held() + spent + self.ended, self.earned);
        for reward in 0..2 {
            let reserved = self.exchanges.iter().filter(|exchange| exchange.status == "reserved");
            let reserved = reserved.flat_map(|exchange| &exchange.lines).filter(|line| line.reward == reward);
            let reserved: i64 = reserved.map(|line| line.quantity - line.collected).sum();
            let handed: i64 = lines().filter(|line| line.reward == reward).map(out).sum();
            let all = self.shelf[reward] + reserved + handed + self.removed[reward];
            assert_eq!(all, self.supplied[reward]);
        }
    }
}

struct Stage {
    world: World,
    model: Model,
    volunteer: Uuid,
    rewards: [Uuid; 2],
}

impl Stage {
    async fn open(db: &Db, number: usize) -> Stage {
        let base = crate::exchange_rules::toml("", "").replacen("\"small\"", &format!("\"small{number}\""), 1);
        let yearly = "expiry = \"year_end\"\nexpiry_counts_from = \"service_date\"\nrecording";
        let base = base.replacen("expiry = \"never\"\nrecording", yearly, 1);
        let policy = format!("return_days = 3000\npoints_back_after_expiry = {{ extend_days = {EXTENDED} }}");
        let world = World::on(db.clone(), &format!("{base}\n[versions.exchange_policy]\n{policy}\n")).await;
        world.set("2026-12-20T02:00:00Z");
        let volunteer = world.volunteer("林秀英").await;
        let of = |price_points, limit| RewardDetails {
            price_points,
            limit,
            hold_minutes: HOLD_MINUTES,
            ..details(Kind::Good)
        };
        let limit = Limit { uses: LIMIT, per: Period::Ever };
        let rewards = [world.reward(of(PRICES[0], None)).await, world.reward(of(PRICES[1], Some(limit))).await];
        let model = Model { now: world.now(), ..Model::default() };
        let mut stage = Stage { world, model, volunteer, rewards };
        for step in [Step::Earn, Step::Stock { reward: 0, change: 8 }, Step::Stock { reward: 1, change: 5 }] {
            stage.take(&step).await;
        }
        stage
    }

    async fn take(&mut self, step: &Step) {
        let count = self.model.exchanges.len();
        match step {
            Step::Earn => self.earn().await,
            Step::Reserve { quantities, .. } if *quantities == [0, 0] => {}
            Step::Reserve { quantities, now } => self.reserve(*quantities, *now).await,
            Step::Stock { reward, change } => self.stock(*reward, *change).await,
            Step::Pass { hours } => {
                self.world.pass(Duration::hours(*hours));
                self.model.now = self.world.now();
            }
            Step::Expire => {
                scheme::expiry::run(&self.world.scheme, self.world.now()).await.expect("it runs");
                self.model.expire();
            }
            _ if count == 0 => {}
            Step::Part { of, line, pieces } => {
                let id = self.model.exchanges[of % count].id;
                let done = self.world.hand_over(id, &part(&[(*line as i64 + 1, *pieces)])).await;
                let known = *line < self.model.exchanges[of % count].lines.len();
                let expected = known && self.model.hand_over(of % count, Some((*line, *pieces)));
                assert_eq!(done.is_ok(), expected, "{done:?}");
            }
            Step::Collect { of } => {
                let done = self.world.collect(self.model.exchanges[of % count].id).await;
                assert_eq!(done.is_ok(), self.model.hand_over(of % count, None), "{done:?}");
            }
            Step::Cancel { of } => {
                let done = self.world.cancel(self.model.exchanges[of % count].id).await;
                assert_eq!(done.is_ok(), self.model.cancel(of % count), "{done:?}");
            }
            Step::Return { of, line, pieces, restock } => {
                let wanted = Return { restock: *restock, ..back(Some(&[(*line as i64 + 1, *pieces)])) };
                let done = self.world.bring_back(self.model.exchanges[of % count].id, &wanted).await;
                assert_eq!(done.is_ok(), self.model.bring_back(of % count, *line, *pieces, *restock), "{done:?}");
            }
        }
        self.model.adds_up();
        self.stands_as_the_model().await;
    }

    async fn earn(&mut self) {
        let today = self.model.today();
        self.world.serve(self.volunteer, "patrol", &today.to_string(), 600).await;
        let last = NaiveDate::from_ymd_opt(chrono::Datelike::year(&today), 12, 31).expect("a day");
        *self.model.free.entry(last).or_default() += 100;
        self.model.earned += 100;
    }

    async fn reserve(&mut self, quantities: [i64; 2], collect_now: bool) {
        let wanted: Vec<usize> = (0..2).filter(|reward| quantities[*reward] > 0).collect();
        let id = Uuid::now_v7();
        let done = match wanted[..] {
            [reward] => {
                let wish = wish(self.volunteer, self.rewards[reward]);
                self.world.take(&Wish { id, quantity: quantities[reward], collect_now, ..wish }).await
            }
            _ => {
                let items = wanted.iter().map(|reward| item(self.rewards[*reward], quantities[*reward])).collect();
                self.world.fill(&exchanges::Basket { id, collect_now, ..basket(self.volunteer, items) }).await
            }
        };
        fn told(error: ExchangeError) -> &'static str {
            match error {
                ExchangeError::InsufficientPoints { .. } => "points",
                ExchangeError::OutOfStock { .. } => "stock",
                ExchangeError::LimitReached { .. } => "limit",
                ExchangeError::Item { error, .. } => told(*error),
                error => panic!("{error}"),
            }
        }
        assert_eq!(done.map(drop).map_err(told), self.model.reserve(id, quantities, collect_now));
    }

    async fn stock(&mut self, reward: usize, change: i64) {
        let wanted = StockChange {
            id: Uuid::now_v7(),
            reward_id: self.rewards[reward],
            station: "main".to_owned(),
            change,
            reason: "盘点".to_owned(),
        };
        let done =
            rewards::change_stock(&self.world.scheme, wanted, &operator(Role::SchemeAdmin), self.world.now()).await;
        assert_eq!(done.is_ok(), self.model.stock(reward, change), "{done:?}");
    }

    async fn stands_as_the_model(&self) {
        let (_, available, held) = self.world.balance(self.volunteer).await;
        assert_eq!((available, held), (self.model.available(), self.model.held()));
        for (reward, id) in self.rewards.iter().enumerate() {
            assert_eq!(self.world.on_shelf(*id).await, self.model.shelf[reward]);
        }
        for known in &self.model.exchanges {
            let found = exchanges::get(&self.world.scheme, known.id).await.expect("it is there");
            assert_eq!(found.status.as_str(), known.status);
            let lines: Vec<_> = found.lines.iter().map(|line| (line.quantity, line.collected, line.returned)).collect();
            let expected = known.lines.iter().map(|line| (line.quantity, line.collected, line.returned));
            assert_eq!(lines, expected.collect::<Vec<_>>());
        }
    }
}

#[rstest]
fn exchanges_stand_as_the_model_has_them(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let runtime = Runtime::new().expect("a runtime");
    let db = runtime.block_on(tests::database(engine));
    let stages = AtomicUsize::new(0);
    let cases = if engine == Engine::Sqlite { 24 } else { 12 };
    let config = ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..Default::default() };
    let result = TestRunner::new(config).run(&prop::collection::vec(step(), 1..40), |steps| {
        runtime.block_on(async {
            let mut stage = Stage::open(&db, stages.fetch_add(1, Ordering::SeqCst)).await;
            for step in &steps {
                stage.take(step).await;
            }
            stage.world.assert_verified().await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
