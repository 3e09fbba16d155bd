-- The last mail from outside in each thread: what an answer answers.
CREATE TABLE mail_head (
    channel BIGINT NOT NULL,
    term TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (channel, term)
);
