/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-test-node.h"
#include "provider/dms-provider-private.h"

G_BEGIN_DECLS

/* A provider with the null executor, and an orchestrator on another node that speaks the protocol by hand. */

#define FIXTURE_ENSEMBLE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct
{
  char *folder;
  DmsStore *store;
  DmsPluginManager *plugins;
  DmsConfig *config;
  DmsTestNode *orchestrator;
  DmsTestNode *node;
  DmsProvider *provider;

  GPtrArray *bids;
  GPtrArray *ends;     /* JsonNode of task terminations */
  GPtrArray *statuses; /* utf8 */
  guint n_lives;
  guint n_asked;
  gboolean deaf;
  gboolean unwanted;
  /* (nullable): of the allocation that alone is unwanted */
  const char *unwanted_key;
} Fixture;

void fixture_set_flag (GObject *source, GAsyncResult *result, gpointer user_data);
gboolean fixture_is_set (gpointer user_data);
void fixture_start_provider (Fixture *f);
/* The same, and does not wait: *result is set when it has started. */
void fixture_begin_provider (Fixture *f, GAsyncResult **result);
void fixture_stop_provider (Fixture *f);
void fixture_set_up (Fixture *f, gconstpointer data);
void fixture_tear_down (Fixture *f, gconstpointer data);
void fixture_onboard (Fixture *f);
gboolean fixture_is_all_free (Fixture *f);
JsonObject *
fixture_ask (Fixture *f, DmsHandle *to, const char *behaviour, const char *json, DmsMessage **message);
char *fixture_build_request (const char *nodes, const char *extra);
void fixture_request (Fixture *f, const char *json);
gboolean fixture_has_bid (gpointer user_data);
void fixture_get_bid (Fixture *f);
char *fixture_build_commit (const char *key, const char *ports, guint n_dynamic);
DmsHandle *fixture_allocate (Fixture *f, const char *type, const char *params, const char *extra);
DmsHandle *
fixture_allocate_key (Fixture *f, const char *key, const char *type, const char *params, const char *extra);
void fixture_start (Fixture *f, DmsHandle *allocation, const char *problem);
JsonObject *fixture_wait_end (Fixture *f);
void fixture_assert_log (Fixture *f, const char *stream, gint64 offset, const char *expected);
guint fixture_count_listed (Fixture *f);

G_END_DECLS
