-- SPDX-FileCopyrightText: The DMS authors
-- SPDX-License-Identifier: Apache-2.0

CREATE TABLE documents (
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  body TEXT NOT NULL CHECK (json_valid (body)),
  PRIMARY KEY (collection, id)
);

-- What the machine lends: one row at most.
CREATE TABLE onboarding (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  resources TEXT NOT NULL CHECK (json_valid (resources))
);

-- Who holds how much of it. expires_us counts for committed ones only.
CREATE TABLE reservations (
  allocation_id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('committed', 'allocated')),
  expires_us INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  resources TEXT NOT NULL CHECK (json_valid (resources))
) WITHOUT ROWID;

CREATE TABLE ports (
  port INTEGER PRIMARY KEY CHECK (port BETWEEN 1 AND 65535),
  allocation_id TEXT NOT NULL,
  job_port INTEGER NOT NULL CHECK (job_port BETWEEN 0 AND 65535),
  dynamic INTEGER NOT NULL CHECK (dynamic IN (0, 1))
);
CREATE INDEX ports_by_allocation ON ports (allocation_id);
