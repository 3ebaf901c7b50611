/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <libsoup/soup.h>

#include "identity/dms-key.h"

G_BEGIN_DECLS

#define DMS_TEST_PASSPHRASE "a passphrase"

/* A daemon that takes every message, keeps what it was asked, and answers what it is told to. It runs in a
 * thread of its own, because the command line waits for it. */
typedef struct
{
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  SoupServer *server;
  guint port;
  DmsKey *key;
  /* Signs the replies; another key than the node's when it lies. */
  DmsKey *signer;
  guint status;
  const char *reply;
  char *path;
  char *behaviour;
  char *topic;
  char *payload;
  gint64 lifetime;
  gboolean verified;
} DmsTestDaemon;

/* The command line, two identities (“user” and “other”), and the daemon it talks to: a fixture. */
typedef struct
{
  char *directory;
  DmsTestDaemon daemon;
  char *out;
  char *err;
  int status;
} DmsTestCli;

void dms_test_cli_set_up (DmsTestCli *fixture, gconstpointer data);
void dms_test_cli_tear_down (DmsTestCli *fixture, gconstpointer data);
/* Runs a line against the daemon. Words are separated by blanks, `%d` is the scratch directory. */
void dms_test_cli_run (DmsTestCli *fixture, const char *line, const char *input);

G_END_DECLS
