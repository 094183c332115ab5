-- Organizations that the operator has ever shut. Written by the projector in the transaction of the event, and by the
-- operator's command, so that it takes hold while no projector runs.
CREATE TABLE organization_standings (
    partition smallint NOT NULL,
    org_id    uuid     NOT NULL,
    standing  text     NOT NULL CHECK (standing IN ('active', 'suspended', 'deleted')),
    -- Of the organization's stream: an older event changes nothing, so that a rebuild never shuts what was opened again.
    version   bigint   NOT NULL CHECK (version > 0),
    PRIMARY KEY (partition, org_id)
);
-- Every server looks each second for those that are shut.
CREATE INDEX organization_standings_shut ON organization_standings (org_id) WHERE standing <> 'active';
