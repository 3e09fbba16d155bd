-- Which node owns a site's live state. The fence grows with every change of hands; each commit of an owner names it, and
-- one that is no longer the highest stores nothing.
CREATE TABLE lease (
    site BIGINT PRIMARY KEY,
    node BIGINT,
    fence BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);
INSERT INTO lease (site, node, fence, until_at) VALUES (1, NULL, 0, 0);

-- A cluster's nodes. The number is leased too: it is part of every id that the node makes.
CREATE TABLE node (
    number BIGINT PRIMARY KEY,
    run BIGINT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    level BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);
