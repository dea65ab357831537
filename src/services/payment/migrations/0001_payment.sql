-- One row per payment: how it stands, and what its provider was asked last.
CREATE TABLE payment (
    id                 TEXT PRIMARY KEY,
    version            BIGINT NOT NULL,
    status             BIGINT NOT NULL,
    provider           TEXT NOT NULL,
    order_id           TEXT NOT NULL,
    payment_token      TEXT NOT NULL,
    currency           TEXT NOT NULL,
    requested          BIGINT NOT NULL,
    authorized         BIGINT NOT NULL,
    captured           BIGINT NOT NULL,
    refunded           BIGINT NOT NULL,
    provider_reference TEXT NOT NULL,
    decline_reason     TEXT NOT NULL,
    next_action_url    TEXT NOT NULL,
    created_us         BIGINT NOT NULL
);

-- Refunds asked for: pending ones count against what is left to give back.
CREATE TABLE refund (
    payment_id TEXT NOT NULL,
    refund_id  TEXT NOT NULL,
    amount     BIGINT NOT NULL,
    outcome    BIGINT NOT NULL,
    PRIMARY KEY (payment_id, refund_id)
);
