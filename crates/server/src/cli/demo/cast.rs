//! Who and what the demonstration is about. All people are invented.

use scheme::rewards::{Kind, Limit, Period};

pub struct Stage {
    pub code: &'static str,
    pub configuration: &'static str,
    pub people: &'static [Person],
    pub rewards: &'static [Offer],
    pub services: &'static [Kindness],
}

/// Name, unit, and how often out of ten days they serve.
pub struct Person(pub &'static str, pub &'static str, pub u32);

/// Category, title, place and minutes.
pub struct Kindness(pub &'static str, pub &'static str, pub &'static str, pub i64);

pub struct Offer {
    pub name: &'static str,
    pub kind: Kind,
    /// Whole points.
    pub points: i64,
    /// Yuan.
    pub cash: Option<i64>,
    pub limit: Option<Limit>,
    pub sponsor: Option<&'static str>,
    /// On the shelf of `main`; for a service: seats of a session.
    pub pieces: i64,
}

const fn good(name: &'static str, points: i64, pieces: i64) -> Offer {
    Offer { name, kind: Kind::Good, points, cash: None, limit: None, sponsor: None, pieces }
}

const fn service(name: &'static str, points: i64, seats: i64, uses: i64, per: Period) -> Offer {
    let limit = Some(Limit { uses, per });
    Offer { name, kind: Kind::Service, points, cash: None, limit, sponsor: None, pieces: seats }
}

pub const STAGES: [Stage; 2] = [
    Stage {
        code: "ziyang",
        configuration: include_str!("../../../../../tests/data/schemes/ziyang.toml"),
        people: &[
            Person("林秀英", "compound-1", 5),
            Person("陈建国", "compound-1", 4),
            Person("黄丽华", "compound-2", 3),
            Person("郑志强", "compound-2", 2),
            Person("吴美珍", "compound-3", 4),
            Person("王桂兰", "compound-3", 1),
            Person("李国平", "compound-4", 2),
            Person("张淑贞", "compound-4", 3),
            Person("刘春梅", "compound-5", 2),
            Person("何文斌", "compound-5", 1),
            Person("高玉凤", "compound-6", 3),
            Person("谢永福", "compound-6", 2),
        ],
        rewards: &[
            service("免费义剪", 4, 12, 1, Period::Month),
            service("免费义诊", 6, 20, 1, Period::Quarter),
            good("大米 5 公斤", 20, 60),
            Offer { sponsor: Some("“城市会客厅”共建企业"), ..good("食用油 1.8 升", 15, 40) },
            good("抽纸三包", 5, 120),
            good("雨伞", 12, 25),
        ],
        services: &[
            Kindness("environment", "楼道清洁", "第一小区", 90),
            Kindness("patrol", "夜间平安巡逻", "王庄街道", 120),
            Kindness("elderly_care", "独居老人探访", "紫阳社区", 60),
            Kindness("culture", "合唱团公益演出", "党群服务中心", 150),
            Kindness("emergency", "防汛值守", "第三小区", 180),
        ],
    },
    Stage {
        code: "haiyue",
        configuration: include_str!("../../../../../tests/data/schemes/haiyue.toml"),
        people: &[
            Person("沈惠芳", "grid-1", 5),
            Person("顾明德", "grid-1", 3),
            Person("朱玲娣", "grid-1", 2),
            Person("陆根生", "grid-1", 4),
            Person("徐阿宝", "grid-2", 3),
            Person("钱巧云", "grid-2", 2),
            Person("金伟民", "grid-2", 1),
            Person("潘小妹", "grid-2", 4),
            Person("陶永明", "grid-3", 2),
            Person("唐雪琴", "grid-3", 3),
            Person("蒋建中", "grid-3", 1),
            Person("俞金花", "grid-3", 2),
        ],
        rewards: &[
            good("洗衣液", 12, 50),
            good("毛巾两条", 6, 80),
            good("牙膏", 4, 100),
            good("垃圾袋一卷", 2, 200),
            Offer { cash: Some(8), ..service("悦心理发", 3, 15, 1, Period::Month) },
        ],
        services: &[
            Kindness("environment", "垃圾分类值守", "一号投放点", 120),
            Kindness("patrol", "反诈宣传与网格巡查", "第二网格", 60),
            Kindness("elderly_care", "为老助餐", "悦心便民服务室", 90),
            Kindness("culture", "“艺润心田”书画课", "居民区活动室", 120),
        ],
    },
];
