-- Surveys (B-29): who was asked, by what, and what they answered.
CREATE TABLE survey_ask (
    id BIGINT PRIMARY KEY,
    survey BIGINT NOT NULL,
    via TEXT NOT NULL,
    conversation BIGINT,
    ticket BIGINT,
    customer BIGINT,
    visitor BIGINT,
    agent BIGINT,
    queue BIGINT,
    line BIGINT,
    medium TEXT,
    lang TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    answered_at BIGINT,
    answers TEXT NOT NULL,
    csat BIGINT,
    nps BIGINT,
    ces BIGINT
);
CREATE INDEX survey_ask_survey ON survey_ask (survey, asked_at, id);
CREATE INDEX survey_ask_answered ON survey_ask (answered_at, id) WHERE answered_at IS NOT NULL;
CREATE INDEX survey_ask_customer ON survey_ask (customer, asked_at) WHERE customer IS NOT NULL;
CREATE INDEX survey_ask_visitor ON survey_ask (visitor, asked_at) WHERE visitor IS NOT NULL;
-- By itself one asks once about a conversation.
CREATE UNIQUE INDEX survey_ask_once ON survey_ask (survey, conversation) WHERE via = 'closed';

-- Who is signed in to the customer portal; only the hash of what their browser holds.
CREATE TABLE portal_session (
    token_hash BYTEA PRIMARY KEY,
    customer BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX portal_session_customer ON portal_session (customer);
