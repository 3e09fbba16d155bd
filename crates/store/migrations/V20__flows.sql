-- Flows (SYS-07): each version that was published, for going back to it.
CREATE TABLE flow_version (
    flow BIGINT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (flow, version)
);

-- Callers who got what they called for from a machine (K-15).
ALTER TABLE contact_fact ADD COLUMN resolved BOOLEAN NOT NULL DEFAULT FALSE;
