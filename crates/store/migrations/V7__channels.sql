-- Who is at the other end of a channel: a number, an openid, a thread of mails. Each end is a visitor.
CREATE TABLE address (
    channel BIGINT NOT NULL,
    term TEXT NOT NULL,
    visitor BIGINT NOT NULL,
    -- As people read it: the mail address, the number.
    label TEXT NOT NULL,
    -- The last number given to a message from it.
    last_n BIGINT NOT NULL,
    -- The customer's last word: platforms take replies for a while only.
    heard_at BIGINT,
    PRIMARY KEY (channel, term)
);
CREATE INDEX address_visitor ON address (visitor);
CREATE INDEX address_label ON address (label);

-- What came in, durable before the other side is told so. The key makes a repetition one effect.
CREATE TABLE inbound (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    request_key TEXT NOT NULL,
    term TEXT NOT NULL,
    n BIGINT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    received_at BIGINT NOT NULL,
    ended_at BIGINT,
    conversation BIGINT,
    body TEXT NOT NULL,
    last_error TEXT NOT NULL
);
CREATE UNIQUE INDEX inbound_key ON inbound (channel, request_key);
CREATE INDEX inbound_waiting ON inbound (channel, term, id) WHERE state = 'waiting';
CREATE INDEX inbound_due ON inbound (next_at) WHERE state = 'waiting';
CREATE INDEX inbound_list ON inbound (channel, state, id);

-- What goes out. A message's id is its position in the log; what belongs to no conversation brings receiver and body.
CREATE TABLE outbound (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    -- What has to arrive in order shares a lane.
    lane BIGINT NOT NULL,
    conversation BIGINT,
    visitor BIGINT,
    term TEXT,
    body TEXT,
    batch BIGINT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    outside_id TEXT,
    last_error TEXT NOT NULL
);
CREATE INDEX outbound_lane ON outbound (channel, lane, id) WHERE state = 'waiting';
CREATE INDEX outbound_due ON outbound (channel, next_at) WHERE state = 'waiting';
CREATE INDEX outbound_outside ON outbound (channel, outside_id) WHERE outside_id IS NOT NULL;
CREATE INDEX outbound_list ON outbound (channel, state, id);
CREATE INDEX outbound_batch ON outbound (batch, state, id) WHERE batch IS NOT NULL;

-- Passwords and keys, sealed.
CREATE TABLE channel_secret (
    channel BIGINT NOT NULL,
    name TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (channel, name)
);

-- How far a channel has read outside.
CREATE TABLE channel_mark (
    channel BIGINT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (channel, name)
);

-- Which thread each mail belongs to, by Message-ID (RFC 5322, section 3.6.4).
CREATE TABLE mail_thread (
    channel BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    term TEXT NOT NULL,
    PRIMARY KEY (channel, message_id)
);
