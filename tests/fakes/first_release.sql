BEGIN TRANSACTION;
CREATE TABLE deployment (
	deployment_id VARCHAR NOT NULL, 
	fleet VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	"commit" VARCHAR NOT NULL, 
	task_definition VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	cause VARCHAR, 
	reason VARCHAR NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	PRIMARY KEY (deployment_id)
);
CREATE TABLE event (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	fleet VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	type VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	"commit" VARCHAR, 
	resource VARCHAR NOT NULL, 
	ref VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE instance_status (
	fleet VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	sync VARCHAR NOT NULL, 
	health VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	image VARCHAR, 
	created_at DATETIME, 
	last_reconcile_at DATETIME, 
	last_error VARCHAR, 
	running_commit VARCHAR, 
	head_commit VARCHAR, 
	log_group VARCHAR, 
	availability VARCHAR, 
	PRIMARY KEY (fleet, workspace, environment, instance)
);
CREATE TABLE mark (
	name VARCHAR NOT NULL, 
	"commit" VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE retry_memory (
	fleet VARCHAR NOT NULL, 
	workspace VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	instance VARCHAR NOT NULL, 
	fingerprint VARCHAR NOT NULL, 
	cause VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_try_at DATETIME NOT NULL, 
	PRIMARY KEY (fleet, workspace, environment, instance)
);
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE INDEX ix_event_instance ON event (instance);
CREATE INDEX ix_event_at ON event (at);
CREATE INDEX ix_deployment_instance ON deployment (instance);
CREATE TRIGGER event_no_UPDATE BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
CREATE TRIGGER event_no_DELETE BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are immutable'); END;
COMMIT;
