//! What is wrong with a field, in words for the person who typed it.

use crate::{
    lang::{Lang, Text},
    refusal::Refusal,
};

/// One wrong field, such as `needs.0.level`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    pub field: String,
    pub fault: Fault,
}

/// Why a record stays as it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    Refusal(Refusal),
    Wrong(Vec<Wrong>),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused::Refusal(refusal)
    }
}

impl Refused {
    pub(crate) fn field(field: &str, fault: Fault) -> Self {
        Refused::Wrong(vec![Wrong { field: field.into(), fault }])
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Missing,
    /// Nothing tells whom the card is about.
    Nameless,
    /// Another record already has this value.
    Taken,
    /// The same value stands twice in one list.
    Twice,
    /// Several records have it: nobody knows which is meant.
    Several,
    /// It names something that does not exist.
    Unknown,
    TooLong(usize),
    TooMany(usize),
    Outside(i64, i64),
    /// Not of the form that the sentence describes.
    Malformed(Shape),
    /// A record may not stand below or behind itself.
    Circle,
    /// It would leave nobody who may manage users and roles.
    LastDoor,
    /// One may not give away what one does not have.
    BeyondOwn,
    /// So much of a list still has to be done.
    Undone(usize),
    /// Tried on too few different days: needed, and done.
    TooFewDays(u8, usize),
    /// An instant that has not come yet.
    Future,
    /// An instant that has passed already.
    Past,
    /// The ticket is about this person.
    Concerned,
    /// No state ends it.
    NoEnd,
    /// No way leads there.
    Unreachable,
    /// It asks for more than what fills it in by itself knows.
    AsksMore,
    /// The event of the rule has none.
    Unfit,
    /// The beginning lies behind the end.
    Reversed,
    /// The calendar has no open hours there.
    NeverOpen,
    /// Tickets of this kind want answers as they are opened.
    Asks,
    /// The customer has not agreed to it.
    NotAgreed(Text),
    /// What was answered there is no answer here.
    OtherShape,
    /// That ticket does not go on.
    Closed,
    /// A step leads nowhere.
    DeadEnd,
    /// One comes back to the step without a word of the customer.
    Circling,
    /// Nothing leads to the step.
    NoWay,
    /// Words without a sound, and nothing that reads them.
    Speechless,
    /// The file is no sound that a telephone can play.
    NoSound,
    /// It is secret, and would be said.
    SecretSaid,
    /// Only what was published can be used.
    Unpublished,
}

/// The forms that a text may have to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Login,
    Key,
    Shortcut,
    Colour,
    Zone,
    Date,
    Spans,
    Origin,
    Url,
    Host,
    Line,
    Address,
    Digits,
    Phone,
    Email,
    Number,
    Choice,
    Consent,
    Rising,
    /// Capital letters before a serial number.
    Prefix,
    Formula,
    Id,
    SpokenForm,
}

impl Fault {
    pub fn text(&self) -> Text {
        match self {
            Fault::Missing => Text::new("必填。", "Required."),
            Fault::Nameless => {
                Text::new("请至少填写姓名、电话、邮箱之一。", "Give a name, a phone number or an e-mail.")
            }
            Fault::Taken => Text::new("已被占用，请换一个。", "Already taken; choose another."),
            Fault::Twice => Text::new("重复了。", "Given twice."),
            Fault::Several => {
                Text::new("有多条记录与此相同，请先合并。", "Several records have it: merge them first.")
            }
            Fault::Unknown => Text::new("不存在或已删除。", "Does not exist, or was deleted."),
            Fault::TooLong(max) => {
                Text::new(format!("最多 {max} 个字符。"), format!("At most {max} characters."))
            }
            Fault::TooMany(max) => Text::new(format!("最多 {max} 项。"), format!("At most {max} items.")),
            Fault::Outside(least, most) => Text::new(
                format!("应在 {least} 到 {most} 之间。"),
                format!("Must be between {least} and {most}."),
            ),
            Fault::Malformed(shape) => shape.text(),
            Fault::NotAgreed(purpose) => Text::new(
                format!("客户尚未同意“{}”，请先在客户档案中登记。", purpose.get(Lang::Zh)),
                format!(
                    "The customer has not agreed to “{}”: note it on their card first.",
                    purpose.get(Lang::En)
                ),
            ),
            Fault::OtherShape => Text::new(
                "两个字段的类型不同，答案不能带过去。",
                "The two fields are of different types: the answer cannot go over.",
            ),
            Fault::Closed => Text::new(
                "那张工单已关闭，请选一张还在办理的。",
                "That ticket is closed: choose one that goes on.",
            ),
            Fault::Circle => Text::new("不能指向自己或自己的下级。", "May not lead back to itself."),
            Fault::LastDoor => Text::new(
                "这样就没有人能管理用户和角色了。",
                "Nobody would be left who may manage users and roles.",
            ),
            Fault::BeyondOwn => Text::new(
                "不能授予自己没有的权限。",
                "You may not grant what you are not permitted yourself.",
            ),
            Fault::Undone(left) => {
                Text::new(format!("还有 {left} 项没有完成。"), format!("{left} still to do."))
            }
            Fault::TooFewDays(needed, done) => Text::new(
                format!("需在 {needed} 个不同的日期联系过客户，目前为 {done} 天。"),
                format!("The customer has to be tried on {needed} different days; so far {done}."),
            ),
            Fault::Future => Text::new("不能晚于现在。", "May not be later than now."),
            Fault::Past => Text::new("须晚于现在。", "Has to be later than now."),
            Fault::Concerned => Text::new(
                "此人是工单所涉及的当事人，不能处理这张工单。",
                "The ticket is about this person, who therefore may not work on it.",
            ),
            Fault::NoEnd => Text::new(
                "至少要有一个“已关闭”阶段的状态。",
                "At least one state has to be of the phase “closed”.",
            ),
            Fault::AsksMore => Text::new(
                "这类工单有文字以外的必填字段，系统无法自动填写，请换一类或改为选填。",
                "This kind requires fields other than text, which nobody is there to fill in; choose another kind, or \
                 make them optional.",
            ),
            Fault::Reversed => Text::new("开始须早于结束。", "The beginning has to lie before the end."),
            Fault::NeverOpen => {
                Text::new("这段时间里没有营业时间。", "There are no open hours in this time.")
            }
            Fault::Asks => Text::new(
                "这类工单新建时有必填字段，不能批量生成，请换一类。",
                "Tickets of this kind want answers as they are opened, and cannot be made by themselves.",
            ),
            Fault::Unfit => Text::new(
                "这个触发事件没有这一项，请换一个。",
                "What sets the rule off has no such thing; choose another.",
            ),
            Fault::DeadEnd => Text::new(
                "后面没有步骤：来电会停在这里，请选择下一步。",
                "Nothing comes after it: callers would be stuck here. Choose the next step.",
            ),
            Fault::Circling => Text::new(
                "没有按键也会一直循环回到这一步，请让循环中的某一步通向别处，例如转入队列或挂断。",
                "It comes back to itself although nobody presses a key; let one of these steps lead elsewhere, such as to a \
                 queue or the end.",
            ),
            Fault::NoWay => Text::new(
                "没有任何步骤通向这里，请连上它或删除它。",
                "No step leads here; connect it or delete it.",
            ),
            Fault::Speechless => Text::new(
                "本机没有语音合成：请上传录音（WAV），或安装 espeak-ng，或在配置 [phone] speech 中写明合成程序。",
                "Nothing on this server reads text aloud: upload a recording (WAV), install espeak-ng, or name a program in \
                 [phone] speech of the configuration.",
            ),
            Fault::NoSound => Text::new(
                "这个文件不是电话能播放的声音，请上传 16 位 PCM 的 WAV，最长 10 分钟。",
                "The file is no sound that a telephone can play; upload a WAV of 16-bit PCM, at most ten minutes long.",
            ),
            Fault::SecretSaid => {
                Text::new("这个值是保密的，不能播报。", "The value is secret, and may not be said.")
            }
            Fault::Unpublished => Text::new(
                "请先发布这个流程；只有发布过的版本才能使用。",
                "Publish the flow first; only what was published can be used.",
            ),
            Fault::Unreachable => Text::new("没有任何流转能到达这个状态。", "No move leads to this state."),
        }
    }
}

impl Shape {
    fn text(self) -> Text {
        let (zh, en) = match self {
            Shape::Login => (
                "只能用小写字母、数字和 . _ @ -。",
                "Only lower-case letters, digits and . _ @ - are allowed.",
            ),
            Shape::Key => {
                ("只能用小写字母、数字和下划线。", "Only lower-case letters, digits and _ are allowed.")
            }
            Shape::Shortcut => ("不能含空格和斜杠。", "No blanks or slashes."),
            Shape::Colour => ("颜色写作 #rrggbb。", "Write a colour as #rrggbb."),
            Shape::Zone => {
                ("时区写作 Asia/Shanghai 这样的名称。", "Write a time zone such as Asia/Shanghai.")
            }
            Shape::Date => ("日期写作 YYYY-MM-DD。", "Write a date as YYYY-MM-DD."),
            Shape::Spans => (
                "时段须从早到晚、互不重叠，且在 0 到 1440 分钟之间。",
                "Spans go from early to late without overlap, within 0 to 1440 minutes.",
            ),
            Shape::Origin => (
                "来源写作 https://shop.example，不带路径。",
                "Write an origin such as https://shop.example, without a path.",
            ),
            Shape::Url => ("写完整的 http 或 https 地址。", "Write a whole http or https address."),
            Shape::Host => (
                "写主机名或 IP 地址，不带协议和路径。",
                "Write a host name or IP address, without protocol or path.",
            ),
            Shape::Line => ("不能含换行等控制字符。", "No line breaks or other control characters."),
            Shape::Address => ("不是有效的 IP 地址。", "Not an IP address."),
            Shape::Digits => ("只能是数字编号。", "Only an id made of digits."),
            Shape::Phone => ("不是有效的电话号码。", "Not a telephone number."),
            Shape::Email => ("不是有效的邮箱地址。", "Not an e-mail address."),
            Shape::Number => ("应为数字。", "Must be a number."),
            Shape::Choice => ("请从选项中选择。", "Choose one of the options."),
            Shape::Consent => ("只能是 yes 或 no。", "Must be yes or no."),
            Shape::Prefix => {
                ("写 1 到 6 个大写字母，如 TS。", "Write one to six capital letters, such as TS.")
            }
            Shape::Formula => (
                "公式只能含数字、+ - * / ( ) 和数字字段的键，且不能循环引用。",
                "A formula holds numbers, + - * / ( ) and keys of number fields, and never itself.",
            ),
            Shape::SpokenForm => (
                "播报方式只有 number、money、date、digits，写作 {值:digits}。",
                "A value is spoken as number, money, date or digits, written {value:digits}.",
            ),
            Shape::Id => ("请从列表中选择。", "Choose one from the list."),
            Shape::Rising => ("后一步须更晚，要求须更低。", "Each step must be later, and ask for less."),
        };
        Text::new(zh, en)
    }
}

/// Collects what is wrong, so that the person sees all of it at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub Vec<Wrong>);

impl Faults {
    pub fn add(&mut self, field: impl Into<String>, fault: Fault) {
        self.0.push(Wrong { field: field.into(), fault });
    }

    /// Nothing may be wrong from here on.
    pub fn none(self) -> Result<(), Refused> {
        if self.0.is_empty() { Ok(()) } else { Err(Refused::Wrong(self.0)) }
    }

    pub fn unless(&mut self, right: bool, field: impl Into<String>, fault: Fault) {
        if !right {
            self.add(field, fault);
        }
    }

    pub fn range(&mut self, field: &str, value: impl Into<i64>, least: i64, most: i64) {
        self.unless((least..=most).contains(&value.into()), field, Fault::Outside(least, most));
    }

    pub fn length(&mut self, field: impl Into<String>, text: &str, max: usize) {
        self.unless(text.chars().count() <= max, field, Fault::TooLong(max));
    }

    /// Of two languages at least one is there, and neither is too long.
    pub fn needed_text(&mut self, field: &str, text: &Text, max: usize) {
        self.unless(!text.is_empty(), field, Fault::Missing);
        self.text(field, text, max);
    }

    pub fn text(&mut self, field: &str, text: &Text, max: usize) {
        self.length(format!("{field}.zh"), &text.zh, max);
        self.length(format!("{field}.en"), &text.en, max);
    }

    pub fn shape(&mut self, right: bool, field: impl Into<String>, shape: Shape) {
        self.unless(right, field, Fault::Malformed(shape));
    }
}
