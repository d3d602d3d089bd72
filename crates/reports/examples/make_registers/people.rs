//! Invented people.

use chrono::{Days, NaiveDate};

pub const GRIDS: [&str; 3] = ["第一网格", "第二网格", "第三网格"];

pub const TEAM_SIZE: usize = 12;
pub const PEOPLE: usize = 312;

pub const SURNAMES: &str = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚";
pub const GIVEN: &str = "建国 建华 志强 秀英 桂芳 玉兰 秀珍 桂英 国强 志明 永康 文斌 海燕 红梅 丽华 晓东 春燕 雪梅 美玲 卫东 卫国 爱国 爱华 金凤 凤英 玉珍 淑芬 淑珍 伟 芳 娜 敏 静 磊 军 洋 勇 艳 杰 涛 明 超 刚 平 辉 鹏 浩 宇轩 欣怡 子涵 梓萱 思远 嘉怡 俊杰 文静 晓燕 小龙 德明 福生 根宝 阿妹 阿根 林娣 招娣 月琴 惠芬 国平 建平 兴华 耀明 龙生 水根 雅琴 佩华 慧敏 立新 跃进 援朝 新民 志远";
/// Names that old encodings and careless fonts lose.
pub const RARE_NAMES: [&str; 8] = ["𠮷文华", "王䶮", "李㛃", "张喆堃", "陈龑", "龚堃", "欧阳淼", "上官婧雯"];

/// SplitMix64: the same numbers on every machine and in every year.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

pub struct Person {
    pub number: String,
    pub name: String,
    pub sex: &'static str,
    pub phone: String,
    pub born_on: NaiveDate,
    pub grid: &'static str,
    pub team: &'static str,
    pub skills: &'static str,
    pub consents: bool,
}

pub fn people(random: &mut Random) -> Vec<Person> {
    let surnames: Vec<char> = SURNAMES.chars().collect();
    let given: Vec<&str> = GIVEN.split(' ').collect();
    let mut names: Vec<String> = Vec::new();
    while names.len() < PEOPLE - RARE_NAMES.len() - 1 {
        let name = format!("{}{}", random.pick(&surnames), random.pick(&given));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for (at, rare) in RARE_NAMES.iter().enumerate() {
        names.insert(40 + at * 31, (*rare).to_owned());
    }
    // Two people of one name, whom only the number tells apart.
    names.push(names[100].clone());
    (1..).zip(names).map(|(number, name)| person(random, number, name)).collect()
}

pub fn person(random: &mut Random, number: usize, name: String) -> Person {
    let in_team = number <= TEAM_SIZE;
    let born_in = if in_team { 1950 + random.below(18) } else { 1952 + random.below(50) };
    let days = Days::new(random.below(365) as u64);
    Person {
        number: format!("HY{number:04}"),
        name,
        sex: random.pick(&["男", "女"]),
        phone: format!("1990000{number:04}"),
        born_on: NaiveDate::from_ymd_opt(born_in as i32, 1, 1).expect("1 January is a day") + days,
        grid: random.pick(&GRIDS),
        team: if in_team { "垃圾分类志愿队" } else { random.pick(&["", "", "志愿服务队"]) },
        skills: random.pick(&[
            "",
            "",
            "",
            "",
            "理发",
            "量血压、急救",
            "水电维修",
            "开车",
            "沪剧",
            "书法、摄影",
            "手语",
        ]),
        consents: random.below(10) > 0,
    }
}
