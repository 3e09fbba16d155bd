//! Who was asked by surveys, and what they answered.

use crate::{
    Db, Page, ReadError, Statement,
    page::{self, cut},
    sql::sql,
    value::{Row, args, parse_word, word},
};
use yingda_core::{At, id::*, survey::SurveyAsk};

sql! {
    INSERT = "
        INSERT INTO survey_ask (id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    ANSWER = "
        UPDATE survey_ask SET answered_at = $2, answers = $3, csat = $4, nps = $5, ces = $6
        WHERE id = $1 AND answered_at IS NULL";
    ONE = "
        SELECT id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces
        FROM survey_ask WHERE id = $1";
    ABOUT = "
        SELECT id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces
        FROM survey_ask WHERE survey = $1 AND conversation = $2 AND via = 'closed'";
    OF_CUSTOMER = "
        SELECT id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces
        FROM survey_ask WHERE customer = $1 ORDER BY asked_at DESC, id DESC LIMIT $2";
    LAST_OF_CUSTOMER = "SELECT max(asked_at) FROM survey_ask WHERE customer = $1";
    LAST_OF_VISITOR = "SELECT max(asked_at) FROM survey_ask WHERE visitor = $1";
    ASKED_IN = "
        SELECT id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces
        FROM survey_ask
        WHERE survey = $1 AND asked_at >= $2 AND asked_at < $3 AND ($4 = '' OR $4 LIKE '%,' || agent || ',%')
        ORDER BY asked_at, id LIMIT $5";
    ANSWERED_IN = "
        SELECT id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces
        FROM survey_ask
        WHERE answered_at >= $1 AND answered_at < $2 AND csat IS NOT NULL
            AND ($3 = '' OR $3 LIKE '%,' || agent || ',%')
        ORDER BY answered_at, id LIMIT $4";
    REMIND_AT = "UPDATE survey_ask SET remind_at = $2 WHERE id = $1";
    /// Stale where somebody was quicker.
    REMINDED = "UPDATE survey_ask SET remind_at = NULL WHERE id = $1 AND remind_at IS NOT NULL";
    TO_REMIND = "
        SELECT id, survey, via, conversation, ticket, customer, visitor, agent, queue, line, medium, lang,
            asked_at, expires_at, answered_at, answers, csat, nps, ces
        FROM survey_ask WHERE remind_at <= $1 ORDER BY remind_at LIMIT $2";
    IS_USED = "SELECT id FROM survey_ask WHERE survey = $1 LIMIT 1";
}

fn stored(row: &Row<'_>) -> Result<SurveyAsk, ReadError> {
    let score = |place: usize| Ok::<_, ReadError>(row.get::<Option<i64>>(place)?.map(|it| it as u8));
    let medium: Option<String> = row.get(10)?;
    Ok(SurveyAsk {
        id: RecordId(row.get(0)?),
        survey: SurveyId(row.get(1)?),
        via: row.word(2)?,
        conversation: row.get::<Option<i64>>(3)?.map(ConversationId),
        ticket: row.get::<Option<i64>>(4)?.map(TicketId),
        customer: row.get::<Option<i64>>(5)?.map(CustomerId),
        visitor: row.get::<Option<i64>>(6)?.map(VisitorId),
        agent: row.get::<Option<i64>>(7)?.map(UserId),
        queue: row.get::<Option<i64>>(8)?.map(QueueId),
        line: row.get::<Option<i64>>(9)?.map(LineId),
        medium: medium.map(|it| parse_word(&it)).transpose()?,
        lang: row.word(11)?,
        asked_at: row.get(12)?,
        expires_at: row.get(13)?,
        answered_at: row.get(14)?,
        answers: row.json(15)?,
        csat: score(16)?,
        nps: score(17)?,
        ces: score(18)?,
    })
}

fn answers(it: &SurveyAsk) -> String {
    serde_json::to_string(&it.answers).expect("answers are plain data")
}

pub fn insert(it: &SurveyAsk) -> Statement {
    let args = args![
        it.id.0,
        it.survey.0,
        word(it.via),
        it.conversation.map(|id| id.0),
        it.ticket.map(|id| id.0),
        it.customer.map(|id| id.0),
        it.visitor.map(|id| id.0),
        it.agent.map(|id| id.0),
        it.queue.map(|id| id.0),
        it.line.map(|id| id.0),
        it.medium.map(word),
        word(it.lang),
        it.asked_at,
        it.expires_at,
        it.answered_at,
        answers(it),
        it.csat.map(i64::from),
        it.nps.map(i64::from),
        it.ces.map(i64::from),
    ];
    Statement::new(INSERT, args)
}

/// The answer; stale when there was one before.
pub fn answer(it: &SurveyAsk) -> Statement {
    let args = args![
        it.id.0,
        it.answered_at,
        answers(it),
        it.csat.map(i64::from),
        it.nps.map(i64::from),
        it.ces.map(i64::from),
    ];
    Statement::guarded(ANSWER, args)
}

pub async fn get(db: &Db, id: RecordId) -> Result<Option<SurveyAsk>, ReadError> {
    db.query_one(ONE, args![id.0], stored).await
}

/// What was asked by itself about a conversation.
pub async fn about(
    db: &Db,
    survey: SurveyId,
    conversation: ConversationId,
) -> Result<Option<SurveyAsk>, ReadError> {
    db.query_one(ABOUT, args![survey.0, conversation.0], stored).await
}

/// They are reminded then.
pub fn remind_at(id: RecordId, at: At) -> Statement {
    Statement::new(REMIND_AT, args![id.0, at])
}

/// They were reminded, or need not be any more.
pub fn reminded(id: RecordId) -> Statement {
    Statement::guarded(REMINDED, args![id.0])
}

/// Who is to be reminded by now, answered or not.
pub async fn to_remind(db: &Db, now: At, limit: usize) -> Result<Vec<SurveyAsk>, ReadError> {
    db.query(TO_REMIND, args![now, limit as i64], stored).await
}

/// What a customer was asked, the latest first.
pub async fn of_customer(db: &Db, customer: CustomerId, limit: usize) -> Result<Vec<SurveyAsk>, ReadError> {
    db.query(OF_CUSTOMER, args![customer.0, limit as i64], stored).await
}

/// When somebody was last asked anything: by customer where one is known, else by visitor.
pub async fn last_asked_at(
    db: &Db,
    customer: Option<CustomerId>,
    visitor: VisitorId,
) -> Result<Option<At>, ReadError> {
    let of_customer = match customer {
        Some(id) => db.query_one(LAST_OF_CUSTOMER, args![id.0], |row| row.get(0)).await?.flatten(),
        None => None,
    };
    let of_visitor: Option<At> =
        db.query_one(LAST_OF_VISITOR, args![visitor.0], |row| row.get(0)).await?.flatten();
    Ok(of_visitor.max(of_customer))
}

fn among(agents: Option<&[UserId]>) -> String {
    agents.map_or(String::new(), |agents| page::among(agents.iter().map(|id| id.0)))
}

/// Who was asked in a period, about the service of these people.
pub async fn asked_in(
    db: &Db,
    survey: SurveyId,
    (from, to): (At, At),
    agents: Option<&[UserId]>,
    limit: usize,
) -> Result<Vec<SurveyAsk>, ReadError> {
    db.query(ASKED_IN, args![survey.0, from, to, among(agents), limit as i64], stored).await
}

/// Who said in a period how satisfied they are, with the service of these people.
pub async fn answered_in(
    db: &Db,
    (from, to): (At, At),
    agents: Option<&[UserId]>,
    limit: usize,
) -> Result<Vec<SurveyAsk>, ReadError> {
    db.query(ANSWERED_IN, args![from, to, among(agents), limit as i64], stored).await
}

pub async fn is_used(db: &Db, survey: SurveyId) -> Result<bool, ReadError> {
    Ok(db.query_one(IS_USED, args![survey.0], |row| row.get::<i64>(0)).await?.is_some())
}

/// A page of rows that were found already, by the id of the last one.
pub fn page_of(
    all: Vec<SurveyAsk>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<SurveyAsk>, ReadError> {
    let below = page::read_id(cursor)?;
    let rest = all.into_iter().rev().filter(|it| it.id.0 < below).take(limit + 1).collect();
    Ok(cut(rest, limit, |last| last.id.to_string()))
}
