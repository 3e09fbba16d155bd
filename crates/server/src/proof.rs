//! A customer proves who they are (B-05): a code goes to a contact point, and is said back.

use crate::{
    app::App,
    channels::heard,
    identify, join,
    problem::{Code, Problem},
    random,
    secrets::same,
    site::question::Question,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use yingda_core::{
    At,
    actor::Actor,
    command::{Act, Command, Envelope},
    config::{Channel, MaskedField},
    conversation::{Content, Conversation},
    engine::Engine,
    id::*,
    lang::Lang,
    mail::Mail,
    mask,
    medium::Medium,
    proof::{CodeFault, HOUR_MS, Known, LASTS_MS, PER_HOUR, Point, Step, TRIES, may_try},
};
use yingda_store::{Batch, CommitError, ReadError, customer, outbound, proof as rows, visitor};
use yingda_wire::http::{PendingCode, ProofNow, ProofPoint, SendCode};

/// What leaves lies sealed until it does: whoever reads the outbox reads no codes.
pub const PURPOSE: &str = "one-time-code";

/// How far the customer of a conversation has come.
pub async fn standing(app: &App, of: &Conversation) -> Result<ProofNow, Problem> {
    let now = app.clock.now();
    let customer = living(app, of).await?;
    let mut points = vec![];
    if let Some(customer) = &customer {
        let proven = rows::of_customer(&app.db, customer.id).await?;
        for point in [Point::Phone, Point::Email] {
            let Some(term) = point.term(on_card(customer, point)) else { continue };
            let verified_at = proven.iter().find(|it| (it.0, &it.1) == (point, &term)).map(|it| it.2);
            points.push(ProofPoint { point, label: point.masked(on_card(customer, point)), verified_at });
        }
    }
    let doors = [Point::Phone, Point::Email].into_iter().filter(|it| channel(app, of.line, *it).is_some());
    let latest = rows::latest(&app.db, of.id).await?;
    let pending = latest.filter(|it| may_try(known(it), now).is_ok()).map(|it| told(&it));
    let proven_until_at = of.proven_until_at.filter(|until| *until > now);
    Ok(ProofNow { points, doors: doors.collect(), pending, proven_until_at })
}

/// Sends a code, in the name of who asks for it.
pub async fn send(app: &App, by: Actor, of: &Conversation, asked: &SendCode) -> Result<PendingCode, Problem> {
    let point = asked.point;
    let customer = living(app, of).await?;
    let known = customer.as_ref().map(|it| on_card(it, point)).filter(|it| !it.trim().is_empty());
    // What stands on the card was theirs before this conversation: a code elsewhere would prove nothing.
    let mut label = known.unwrap_or(&asked.to).trim().to_owned();
    if label.is_empty() {
        // Once more to where the last one went.
        let last = rows::latest(&app.db, of.id).await?.filter(|it| it.point == point);
        label = last.map(|it| it.label).unwrap_or_default();
    }
    let Some(term) = point.term(&label) else {
        return Err(match point {
            Point::Phone => Problem::field("to", "不是有效的电话号码。", "Not a telephone number."),
            Point::Email => Problem::field("to", "不是有效的邮箱地址。", "Not an e-mail address."),
        });
    };
    let customer = customer.map(|it| it.id);
    let to = Receiver { of: of.id, line: of.line, lang: of.lang, point, label, term, customer };
    let code = issue(app, to, true).await?;
    let step = Step::Sent { point, label: point.masked(&code.label), until_at: code.expires_at };
    tell(app, by, of.id, step).await?;
    Ok(told(&code))
}

/// Where a code goes, and for what.
struct Receiver {
    of: ConversationId,
    line: LineId,
    lang: Lang,
    point: Point,
    label: String,
    term: String,
    customer: Option<CustomerId>,
}

/// A fresh code. `leaves` false makes one that reaches nobody: whoever asks for it learns no difference.
async fn issue(app: &App, to: Receiver, leaves: bool) -> Result<rows::Code, Problem> {
    let Receiver { of, line, lang, point, label, term, customer } = to;
    let Some(channel) = channel(app, line, point) else {
        return Err(Problem::field(
            "point",
            "没有启用可以发送验证码的渠道，请管理员启用短信或邮件渠道。",
            "No channel that could carry a code is on; ask an administrator to turn on SMS or mail.",
        ));
    };
    let now = app.clock.now();
    check_pace(app, of, point, &term, now).await?;
    let id = RecordId(app.next_id());
    let digits = u64::from_be_bytes(random::bytes::<8>()) % 1_000_000;
    let said = format!("{digits:06}");
    let code = rows::Code {
        id,
        point,
        term: term.clone(),
        label,
        conversation: of,
        customer,
        hash: hash(app, id, &said).to_vec(),
        tries: 0,
        created_at: now,
        expires_at: now + At::from(app.config.limits.code_seconds) * 1_000,
        used_at: None,
    };
    let pause_ms = (At::from(app.config.limits.code_pause_seconds) * 1_000).max(1);
    let body = words(app, lang, &said);
    let body = hex::encode(app.secrets.seal(PURPOSE, &serde_json::to_vec(&body).unwrap_or_default()));
    let to = if point == Point::Phone { &term } else { &code.label };
    let mut statements = vec![rows::insert(&code, now / pause_ms)];
    if leaves {
        statements.push(outbound::loose(RecordId(app.next_id()), channel, to, &body, None, now, now));
    }
    match app.db.commit(Batch { statements, ..Batch::default() }).await {
        Ok(()) => {}
        // Another one left in this very moment.
        Err(CommitError::Stale { .. }) => return Err(too_soon(pause_ms)),
        Err(error) => return Err(ReadError::from(error).into()),
    }
    heard::stir(app).await;
    Ok(code)
}

/// A customer shows by a contact point on their card that they are who they are. What is no number or address is
/// told; whether anybody is known by it is not.
pub async fn sign_in(app: &App, attempt: ConversationId, to: &str, lang: Lang) -> Result<(), Problem> {
    let (to, point) = (to.trim(), if to.contains('@') { Point::Email } else { Point::Phone });
    let Some(term) = point.term(to) else {
        return Err(Problem::field(
            "to",
            "请填写手机号或邮箱地址。",
            "Please give a telephone number or an e-mail address.",
        ));
    };
    let mut known = customer::with(&app.db, point.as_str(), to, 2).await?;
    known.dedup_by_key(|it| it.id);
    let customer = match known.as_slice() {
        [one] => Some(one.id),
        // Of several with the same number nobody knows which.
        _ => None,
    };
    let line = app.directory().lines.keys().next().copied().unwrap_or_default();
    let receiver = Receiver { of: attempt, line, lang, point, label: to.to_owned(), term, customer };
    issue(app, receiver, customer.is_some()).await?;
    Ok(())
}

/// The customer who says back the code of an attempt to sign in.
pub async fn signed_in(app: &App, attempt: ConversationId, said: &str) -> Result<CustomerId, Problem> {
    let wrong = || Problem::new(Code::NotProven(CodeFault::Wrong));
    let code = rows::latest(&app.db, attempt).await?.ok_or_else(wrong)?;
    may_try(known(&code), app.clock.now()).map_err(|fault| Problem::new(Code::NotProven(fault)))?;
    count(app, &code).await?;
    let said: String = said.chars().filter(|c| !c.is_whitespace()).collect();
    let customer = code.customer.ok_or_else(wrong)?;
    if !same(&hash(app, code.id, &said), &code.hash) {
        return Err(wrong());
    }
    use_up(app, &code, app.clock.now()).await?;
    let proven = rows::proven(customer, code.point, &code.term, app.clock.now());
    app.db.commit(Batch { statements: vec![proven], ..Batch::default() }).await.map_err(ReadError::from)?;
    Ok(customer)
}

/// Takes what the customer says for the code. When it is right, they are proven for a while, the contact point is
/// theirs, and records of the same person become one.
pub async fn check(app: &App, by: Actor, of: &Conversation, said: &str) -> Result<(), Problem> {
    let now = app.clock.now();
    let Some(code) = rows::latest(&app.db, of.id).await? else {
        return Err(Problem::field("code", "还没有发送过验证码。", "No code was sent yet."));
    };
    let counted = match may_try(known(&code), now) {
        Ok(()) => count(app, &code).await,
        Err(fault) => Err(Problem::new(Code::NotProven(fault))),
    };
    let said: String = said.chars().filter(|c| !c.is_whitespace()).collect();
    let left = TRIES.saturating_sub(code.tries + 1);
    let outcome = match counted {
        Ok(()) if same(&hash(app, code.id, &said), &code.hash) => use_up(app, &code, now).await,
        Ok(()) => Err(Problem::new(Code::NotProven(CodeFault::Wrong))),
        Err(problem) => Err(problem),
    };
    if let Err(problem) = outcome {
        if let Code::NotProven(why) = problem.code {
            let left = if why == CodeFault::Wrong { left } else { 0 };
            tell(app, by, of.id, Step::Refused { why, left }).await?;
        }
        return Err(problem);
    }
    belongs(app, of, &code, now).await?;
    let label = code.point.masked(&code.label);
    tell(app, by, of.id, Step::Proven { point: code.point, label, until_at: now + LASTS_MS }).await
}

/// The contact point is this customer's, who is found or made by it where none was known.
async fn belongs(app: &App, of: &Conversation, code: &rows::Code, now: At) -> Result<(), Problem> {
    let own = match living(app, of).await? {
        Some(own) => Some(own.id),
        None => identify::proven(app, of.visitor, code.point, &code.label).await?,
    };
    // Of several with the same number nobody knows which: people decide.
    let Some(own) = own else { return Ok(()) };
    let mut writes = vec![rows::proven(own, code.point, &code.term, now)];
    if of.customer != Some(own) {
        writes.push(visitor::link(of.visitor, own));
    }
    app.db.commit(Batch { statements: writes, ..Batch::default() }).await.map_err(ReadError::from)?;
    identify::complete(app, own, code.point, &code.label).await?;
    let left = join::by_point(app, own, code.point, &code.label).await?;
    // One that was linked already went with its customer.
    if of.customer != Some(own) {
        let command = Command::Conversation(of.id, Act::LinkCustomer { customer: left });
        app.site.send(Envelope { actor: Actor::System, origin: None, command }).await?;
    }
    Ok(())
}

/// A try is counted before it is looked at, so that many at once are no more than five.
async fn count(app: &App, code: &rows::Code) -> Result<(), Problem> {
    commit(app, rows::tried(code.id, code.tries), CodeFault::TooMany).await
}

async fn use_up(app: &App, code: &rows::Code, now: At) -> Result<(), Problem> {
    commit(app, rows::used(code.id, now), CodeFault::Used).await
}

async fn commit(app: &App, statement: yingda_store::Statement, stale: CodeFault) -> Result<(), Problem> {
    match app.db.commit(Batch { statements: vec![statement], ..Batch::default() }).await {
        Ok(()) => Ok(()),
        Err(CommitError::Stale { .. }) => Err(Problem::new(Code::NotProven(stale))),
        Err(error) => Err(ReadError::from(error).into()),
    }
}

async fn tell(app: &App, actor: Actor, id: ConversationId, step: Step) -> Result<(), Problem> {
    let command = Command::Conversation(id, Act::Prove { step });
    app.site.send(Envelope { actor, origin: None, command }).await?;
    Ok(())
}

/// Nobody is bombarded with codes, and nobody pays for thousands.
async fn check_pace(app: &App, of: ConversationId, point: Point, term: &str, now: At) -> Result<(), Problem> {
    let pause_ms = At::from(app.config.limits.code_pause_seconds) * 1_000;
    let to = rows::lately_to(&app.db, point, term, now - HOUR_MS).await?;
    let from = rows::lately_from(&app.db, of, now - HOUR_MS).await?;
    let last_at = to.last_at.max(from.last_at).unwrap_or_default();
    if now < last_at + pause_ms {
        return Err(too_soon(last_at + pause_ms - now));
    }
    if to.count.max(from.count) >= i64::from(PER_HOUR) {
        return Err(too_soon(HOUR_MS));
    }
    Ok(())
}

fn too_soon(wait_ms: At) -> Problem {
    let wait_s = (wait_ms as u32).div_ceil(1_000).max(1);
    Problem { retry_after_s: Some(wait_s), ..Problem::new(Code::TooManyRequests) }
}

async fn living(app: &App, of: &Conversation) -> Result<Option<customer::Customer>, Problem> {
    match of.customer {
        Some(id) => Ok(customer::living(&app.db, id).await?),
        None => Ok(None),
    }
}

fn on_card(customer: &customer::Customer, point: Point) -> &str {
    match point {
        Point::Phone => &customer.card.phone,
        Point::Email => &customer.card.email,
    }
}

/// The channel that carries codes: one of the conversation's line where there is one.
fn channel(app: &App, of: LineId, point: Point) -> Option<ChannelId> {
    let medium = if point == Point::Phone { Medium::Sms } else { Medium::Mail };
    let directory = app.directory();
    let fits = |it: &Channel| it.enabled && it.setup.sends() && it.setup.medium() == medium;
    let line = |it: &Channel| directory.queues.get(&it.queue).map(|queue| queue.line);
    let all = directory.channels.iter().filter(|(_, it)| fits(it));
    all.min_by_key(|(id, it)| (line(it) != Some(of), **id)).map(|(id, _)| *id)
}

fn words(app: &App, lang: Lang, code: &str) -> Content {
    let settings = app.settings();
    let company = settings.company.get(lang);
    let minutes = app.config.limits.code_seconds.div_ceil(60);
    let text = match lang {
        Lang::Zh => {
            format!("您正在向{company}核验身份，验证码{code}，{minutes}分钟内有效。若非本人操作，请忽略。")
        }
        Lang::En => format!(
            "{code} is your code to show {company} who you are. It is good for {minutes} minutes. If you did not \
             ask for it, ignore it."
        ),
    };
    Content::Text { text }
}

/// What a sealed row of the outbox says.
pub fn unsealed(app: &App, body: &str) -> Option<Content> {
    let opened = app.secrets.unseal(PURPOSE, &hex::decode(body).ok()?)?;
    serde_json::from_slice(&opened).ok()
}

/// A mail names what it is about.
pub fn as_mail(app: &App, lang: Lang, content: Content) -> Content {
    let Content::Text { text } = content else { return content };
    let company = app.settings().company.get(lang).to_owned();
    let subject = match lang {
        Lang::Zh => format!("{company}：身份核验"),
        Lang::En => format!("{company}: your code"),
    };
    Content::Mail { mail: Box::new(Mail { subject, text, is_automatic: true, ..Mail::default() }) }
}

/// Six digits are soon tried out: what is kept is a hash under the installation's key.
fn hash(app: &App, id: RecordId, code: &str) -> [u8; 32] {
    app.secrets.mac(PURPOSE, format!("{id} {code}").as_bytes())
}

fn known(code: &rows::Code) -> Known {
    Known { tries: code.tries, expires_at: code.expires_at, is_used: code.used_at.is_some() }
}

fn told(code: &rows::Code) -> PendingCode {
    PendingCode {
        point: code.point,
        label: code.point.masked(&code.label),
        sent_at: code.created_at,
        expires_at: code.expires_at,
        tries_left: TRIES.saturating_sub(code.tries),
    }
}

/// What the caller sees masked on this customer's card: nothing that reaches the customer, while the caller serves
/// them and they have proven who they are.
pub async fn masks(app: &App, actor: Actor, of: CustomerId) -> Result<BTreeSet<MaskedField>, Problem> {
    let mut masks = mask::of(&app.directory(), actor);
    let of_card = [MaskedField::Phone, MaskedField::Email, MaskedField::Address];
    if let Some(user) = actor.user().filter(|_| of_card.iter().any(|field| masks.contains(field)))
        && app.site.ask(ProvenTo { user, customer: of }).await?
    {
        masks.retain(|field| !of_card.contains(field));
    }
    Ok(masks)
}

/// Whether somebody serves this customer, who has proven who they are.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProvenTo {
    user: UserId,
    customer: CustomerId,
}

impl Question for ProvenTo {
    type Answer = bool;

    fn answer(self, engine: &Engine, now: At) -> bool {
        let holds = engine.agents.get(&self.user).map(|agent| &agent.holds[..]).unwrap_or_default();
        holds.iter().filter_map(|id| engine.conversations.get(id)).any(|it| {
            it.customer == Some(self.customer) && it.proven_until_at.is_some_and(|until| until > now)
        })
    }
}
