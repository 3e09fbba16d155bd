-- Who wants no unasked messages, by the number or address that they would come to.
CREATE TABLE opt_out (
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    -- The word that was sent, or what a colleague noted.
    why TEXT NOT NULL,
    PRIMARY KEY (kind, term)
);

-- One text to many. Each message of it is a row of `outbound`.
CREATE TABLE batch (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    author BIGINT,
    created_at BIGINT NOT NULL
);
-- How often a number was written to lately.
CREATE INDEX outbound_term ON outbound (channel, term, ended_at) WHERE term IS NOT NULL;
