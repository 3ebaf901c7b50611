/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-ledger.h"

#include <string.h>

#include "common/dms-json-object.h"
#include "resources/dms-comparator.h"

enum
{
  /* Texts that were read lately; jobs that come in great numbers ask for the same. */
  MAX_READINGS = 256,
  MAX_READING_BYTES = 4096,
};

/* Nothing is kept in memory: free is what the tables say, so that it cannot drift from them. Only what a text
 * in them means is remembered, since a sum reads one for each job. */
struct _DmsLedger
{
  GObject parent_instance;

  DmsStore *store;
  /* JSON text → DmsResources */
  GHashTable *readings;
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DmsLedger, dms_ledger, G_TYPE_OBJECT)

static void
dms_ledger_finalize (GObject *object)
{
  g_clear_object (&DMS_LEDGER (object)->store);
  g_hash_table_unref (DMS_LEDGER (object)->readings);

  G_OBJECT_CLASS (dms_ledger_parent_class)->finalize (object);
}

static void
dms_ledger_class_init (DmsLedgerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_ledger_finalize;

  /**
   * DmsLedger::changed:
   *
   * Something was onboarded, taken or given back.
   */
  signals[SIGNAL_CHANGED] =
      g_signal_new ("changed", DMS_TYPE_LEDGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dms_ledger_init (DmsLedger *self)
{
  self->readings =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) dms_resources_unref);
}

/**
 * dms_ledger_new:
 * @store: the database
 *
 * Returns: (transfer full): the ledger kept in it
 */
DmsLedger *
dms_ledger_new (DmsStore *store)
{
  DmsLedger *self = g_object_new (DMS_TYPE_LEDGER, NULL);

  self->store = g_object_ref (store);
  return self;
}

static gboolean
changed (DmsLedger *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return TRUE;
}

/* (transfer full) (nullable) */
static DmsResources *
read_resources (DmsLedger *self, DmsStatement *statement, int column, GError **error)
{
  const char *text = dms_statement_get_text (statement, column);
  DmsResources *known = text != NULL ? g_hash_table_lookup (self->readings, text) : NULL;
  g_autoptr (JsonNode) node = NULL;
  DmsResources *resources;

  if (known != NULL)
    return dms_resources_ref (known);
  node = dms_json_node_from_text (text != NULL ? text : "", -1, error);
  resources = node != NULL ? dms_resources_new_from_json (node, error) : NULL;
  if (resources == NULL || strlen (text) > MAX_READING_BYTES)
    return resources;
  if (g_hash_table_size (self->readings) >= MAX_READINGS)
    g_hash_table_remove_all (self->readings);
  g_hash_table_insert (self->readings, g_strdup (text), dms_resources_ref (resources));
  return resources;
}

static void
bind_resources (DmsStatement *statement, int parameter, DmsResources *resources)
{
  g_autoptr (JsonNode) node = dms_resources_to_json (resources);
  g_autofree char *text = dms_json_node_to_text (node);

  dms_statement_bind_text (statement, parameter, text);
}

/* (nullable): NULL without an error when nothing is onboarded. */
static DmsResources *
read_onboarded (DmsLedger *self, GError **error)
{
  g_autoptr (DmsStatement) statement =
      dms_store_prepare (self->store, "SELECT resources FROM onboarding WHERE id = 1", error);
  gboolean row;

  if (statement == NULL || !dms_statement_step (statement, &row, error) || !row)
    return NULL;
  return read_resources (self, statement, 0, error);
}

/**
 * dms_ledger_is_onboarded:
 * @self: a ledger
 *
 * Returns: whether the machine lends anything
 */
gboolean
dms_ledger_is_onboarded (DmsLedger *self)
{
  g_autoptr (DmsResources) onboarded = read_onboarded (self, NULL);

  return onboarded != NULL;
}

/**
 * dms_ledger_get_onboarding_times:
 * @self: a ledger
 * @created_us: (out): when it was onboarded first
 * @updated_us: (out): when that was last changed
 *
 * Returns: whether it is onboarded
 */
gboolean
dms_ledger_get_onboarding_times (DmsLedger *self, gint64 *created_us, gint64 *updated_us)
{
  g_autoptr (DmsStatement) statement = NULL;
  gboolean row;

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  statement =
      dms_store_prepare (self->store, "SELECT created_us, updated_us FROM onboarding WHERE id = 1", NULL);
  if (statement == NULL || !dms_statement_step (statement, &row, NULL) || !row)
    return FALSE;
  *created_us = dms_statement_get_int64 (statement, 0);
  *updated_us = dms_statement_get_int64 (statement, 1);
  return TRUE;
}

/**
 * dms_ledger_dup_onboarded:
 * @self: a ledger
 * @error: return location
 *
 * Returns: (transfer full) (nullable): what is lent in all; %NULL with %DMS_ERROR_WRONG_STATE when not
 * onboarded
 */
DmsResources *
dms_ledger_dup_onboarded (DmsLedger *self, GError **error)
{
  GError *local_error = NULL;
  DmsResources *onboarded = NULL;

  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  onboarded = read_onboarded (self, &local_error);
  if (local_error != NULL)
    g_propagate_error (error, local_error);
  else if (onboarded == NULL)
    g_set_error_literal (error,
                         DMS_ERROR,
                         DMS_ERROR_WRONG_STATE,
                         "this machine is not onboarded; onboard it with “nunet actor cmd "
                         "/dms/node/onboarding/onboard”");
  return onboarded;
}

/* A commit that has run out counts for nothing, even before it is cleared away. */
static DmsResources *
sum (DmsLedger *self, gboolean committed, gboolean allocated, GError **error)
{
  g_autoptr (DmsStatement) statement = dms_store_prepare (
      self->store,
      "SELECT resources FROM reservations WHERE (?1 AND state = 'committed' AND expires_us > ?3)"
      " OR (?2 AND state = 'allocated')",
      error);
  g_autoptr (DmsResources) total = dms_resources_new_empty ();
  gboolean row;

  if (statement == NULL)
    return NULL;
  dms_statement_bind_int64 (statement, 1, committed);
  dms_statement_bind_int64 (statement, 2, allocated);
  dms_statement_bind_int64 (statement, 3, g_get_real_time ());
  do
    {
      g_autoptr (DmsResources) part = NULL;
      g_autoptr (DmsResources) before = NULL;

      if (!dms_statement_step (statement, &row, error))
        return NULL;
      if (!row)
        continue;
      part = read_resources (self, statement, 0, error);
      if (part == NULL)
        return NULL;
      before = g_steal_pointer (&total);
      total = dms_resources_add (before, part);
    }
  while (row);
  return g_steal_pointer (&total);
}

DmsResources *
dms_ledger_dup_allocated (DmsLedger *self, GError **error)
{
  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  return sum (self, FALSE, TRUE, error);
}

DmsResources *
dms_ledger_dup_committed (DmsLedger *self, GError **error)
{
  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  return sum (self, TRUE, FALSE, error);
}

/**
 * dms_ledger_dup_free:
 * @self: a ledger
 * @error: return location
 *
 * Returns: (transfer full) (nullable): onboarded less committed less allocated
 */
DmsResources *
dms_ledger_dup_free (DmsLedger *self, GError **error)
{
  g_autoptr (DmsResources) onboarded = NULL;
  g_autoptr (DmsResources) taken = NULL;

  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  onboarded = dms_ledger_dup_onboarded (self, error);
  taken = onboarded != NULL ? sum (self, TRUE, TRUE, error) : NULL;
  return taken != NULL ? dms_resources_subtract (onboarded, taken, error) : NULL;
}

DmsResources *
dms_ledger_dup_reservation (DmsLedger *self, const char *allocation_id, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;
  gboolean row;

  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  statement =
      dms_store_prepare (self->store, "SELECT resources FROM reservations WHERE allocation_id = ?1", error);
  if (statement == NULL)
    return NULL;
  dms_statement_bind_text (statement, 1, allocation_id);
  if (!dms_statement_step (statement, &row, error))
    return NULL;
  if (!row)
    {
      g_set_error (
          error, DMS_ERROR, DMS_ERROR_NOT_FOUND, "allocation “%s” holds no resources", allocation_id);
      return NULL;
    }
  return read_resources (self, statement, 0, error);
}

static gboolean
store_onboarded (DmsLedger *self, DmsResources *resources, GError **error)
{
  g_autoptr (DmsStatement) statement = dms_store_prepare (
      self->store,
      resources != NULL ? "INSERT INTO onboarding (id, created_us, updated_us, resources)"
                          " VALUES (1, ?1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET"
                          " updated_us = excluded.updated_us, resources = excluded.resources"
                        : "DELETE FROM onboarding",
      error);

  if (statement == NULL)
    return FALSE;
  if (resources != NULL)
    {
      dms_statement_bind_int64 (statement, 1, g_get_real_time ());
      bind_resources (statement, 2, resources);
    }
  return dms_statement_run (statement, error);
}

static gboolean
set_onboarded (DmsStore *store, gpointer user_data, GError **error)
{
  gpointer *arguments = user_data;
  DmsLedger *self = arguments[0];
  DmsResources *resources = arguments[1];
  g_autoptr (DmsResources) none = dms_resources_new_empty ();
  g_autoptr (DmsResources) taken = sum (self, TRUE, TRUE, error);
  g_autoptr (DmsResources) rest = NULL;

  if (taken == NULL)
    return FALSE;
  rest = dms_resources_subtract (resources != NULL ? resources : none, taken, error);
  if (rest == NULL)
    {
      g_prefix_error (error, "Demand too high: jobs on this machine hold more than that: ");
      return FALSE;
    }
  return store_onboarded (self, resources, error);
}

/**
 * dms_ledger_set_onboarded:
 * @self: a ledger
 * @resources: (nullable): what is lent from now on; %NULL for nothing
 * @error: return location
 *
 * Returns: whether it is so now; not when jobs hold more than that
 */
gboolean
dms_ledger_set_onboarded (DmsLedger *self, DmsResources *resources, GError **error)
{
  gpointer arguments[] = { self, resources };

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  return dms_store_transaction (self->store, set_onboarded, arguments, error) && changed (self);
}

static DmsResources *
with_gpus (DmsResources *resources, GPtrArray *gpus)
{
  return dms_resources_new (dms_resources_get_cpu (resources),
                            dms_resources_get_ram (resources),
                            dms_resources_get_disk (resources),
                            gpus);
}

/**
 * dms_ledger_fit:
 * @self: a ledger
 * @resources: what is asked for
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the same with the GPUs it would get; %NULL with
 * %DMS_ERROR_NO_RESOURCES
 */
DmsResources *
dms_ledger_fit (DmsLedger *self, DmsResources *resources, GError **error)
{
  g_autoptr (DmsResources) free = NULL;
  g_autoptr (DmsResources) assigned = NULL;
  g_autoptr (DmsResources) rest = NULL;
  g_autoptr (GPtrArray) gpus = NULL;

  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  free = dms_ledger_dup_free (self, error);
  if (free == NULL)
    return NULL;
  gpus =
      dms_comparator_assign_gpus (dms_resources_get_gpus (free), dms_resources_get_gpus (resources), error);
  if (gpus == NULL)
    return NULL;
  assigned = with_gpus (resources, gpus);
  rest = dms_resources_subtract (free, assigned, error);
  if (rest == NULL)
    {
      g_prefix_error (error, "no free resources: ");
      return NULL;
    }
  return g_steal_pointer (&assigned);
}

/* (nullable): “committed” or “allocated”; NULL also for a commit that has run out. */
static const char *
lookup_state (DmsLedger *self, const char *allocation_id)
{
  g_autoptr (DmsStatement) statement =
      dms_store_prepare (self->store,
                         "SELECT state = 'allocated' FROM reservations WHERE allocation_id = ?1"
                         " AND (state = 'allocated' OR expires_us > ?2)",
                         NULL);
  gboolean row;

  if (statement == NULL)
    return NULL;
  dms_statement_bind_text (statement, 1, allocation_id);
  dms_statement_bind_int64 (statement, 2, g_get_real_time ());
  if (!dms_statement_step (statement, &row, NULL) || !row)
    return NULL;
  return dms_statement_get_int64 (statement, 0) != 0 ? "allocated" : "committed";
}

gboolean
dms_ledger_is_committed (DmsLedger *self, const char *allocation_id)
{
  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  return g_strcmp0 (lookup_state (self, allocation_id), "committed") == 0;
}

gboolean
dms_ledger_is_allocated (DmsLedger *self, const char *allocation_id)
{
  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  return g_strcmp0 (lookup_state (self, allocation_id), "allocated") == 0;
}

typedef struct
{
  DmsLedger *ledger;
  const char *allocation_id;
  DmsResources *resources;
  gint64 expires_us;
} Commit;

static gboolean
commit (DmsStore *store, gpointer user_data, GError **error)
{
  Commit *request = user_data;
  DmsLedger *self = request->ledger;
  const char *state = lookup_state (self, request->allocation_id);
  g_autoptr (DmsResources) assigned = NULL;
  g_autoptr (DmsStatement) statement = NULL;

  if (state != NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_ALREADY_EXISTS,
                   "resources already %s for allocation “%s”",
                   state,
                   request->allocation_id);
      return FALSE;
    }

  assigned = dms_ledger_fit (self, request->resources, error);
  if (assigned == NULL)
    return FALSE;
  statement =
      dms_store_prepare (store,
                         "INSERT OR REPLACE INTO reservations (allocation_id, state, expires_us, created_us,"
                         " resources) VALUES (?1, 'committed', ?2, ?3, ?4)",
                         error);
  if (statement == NULL)
    return FALSE;
  dms_statement_bind_text (statement, 1, request->allocation_id);
  dms_statement_bind_int64 (statement, 2, request->expires_us);
  dms_statement_bind_int64 (statement, 3, g_get_real_time ());
  bind_resources (statement, 4, assigned);
  return dms_statement_run (statement, error);
}

/**
 * dms_ledger_commit:
 * @self: a ledger
 * @allocation_id: who it is for
 * @resources: how much
 * @expires_us: until when, microseconds since the epoch
 * @error: return location
 *
 * Sets resources aside. They come back by themselves when the time is over.
 *
 * Returns: whether they are set aside
 */
gboolean
dms_ledger_commit (DmsLedger *self,
                   const char *allocation_id,
                   DmsResources *resources,
                   gint64 expires_us,
                   GError **error)
{
  Commit request = { self, allocation_id, resources, expires_us };

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  return dms_store_transaction (self->store, commit, &request, error) && changed (self);
}

/* Runs a statement about one allocation, its second parameter the time. */
static gboolean
run_for (DmsLedger *self, const char *sql, const char *allocation_id, guint *n_changed, GError **error)
{
  g_autoptr (DmsStatement) statement = dms_store_prepare (self->store, sql, error);

  if (statement == NULL)
    return FALSE;
  dms_statement_bind_text (statement, 1, allocation_id);
  dms_statement_bind_int64 (statement, 2, g_get_real_time ());
  if (!dms_statement_run (statement, error))
    return FALSE;
  *n_changed = dms_store_get_changes (self->store);
  return TRUE;
}

/**
 * dms_ledger_uncommit:
 * @self: a ledger
 * @allocation_id: who committed
 * @error: return location
 *
 * Returns: whether a commit was given back
 */
gboolean
dms_ledger_uncommit (DmsLedger *self, const char *allocation_id, GError **error)
{
  guint n;

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  if (!run_for (
          self,
          "DELETE FROM reservations WHERE allocation_id = ?1 AND state = 'committed' AND ?2 IS NOT NULL",
          allocation_id,
          &n,
          error))
    return FALSE;
  if (n == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "resources not committed for allocation “%s”",
                   allocation_id);
      return FALSE;
    }
  return changed (self);
}

/**
 * dms_ledger_allocate:
 * @self: a ledger
 * @allocation_id: who committed
 * @error: return location
 *
 * Returns: whether what it committed is allocated to it now
 */
gboolean
dms_ledger_allocate (DmsLedger *self, const char *allocation_id, GError **error)
{
  guint n;

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  if (!run_for (self,
                "UPDATE reservations SET state = 'allocated' WHERE allocation_id = ?1"
                " AND (state = 'allocated' OR expires_us > ?2)",
                allocation_id,
                &n,
                error))
    return FALSE;
  if (n == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NOT_FOUND,
                   "no resources are committed for allocation “%s”, or the commit has expired",
                   allocation_id);
      return FALSE;
    }
  return changed (self);
}

/**
 * dms_ledger_release:
 * @self: a ledger
 * @allocation_id: who holds something, or nothing
 * @error: return location
 *
 * Returns: %TRUE unless the database failed
 */
gboolean
dms_ledger_release (DmsLedger *self, const char *allocation_id, GError **error)
{
  guint n;

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  return run_for (self,
                  "DELETE FROM reservations WHERE allocation_id = ?1 AND ?2 IS NOT NULL",
                  allocation_id,
                  &n,
                  error) &&
         (n == 0 || changed (self));
}

static GStrv
read_ids (DmsLedger *self, const char *sql, gint64 now_us, GError **error)
{
  g_autoptr (DmsStatement) statement = dms_store_prepare (self->store, sql, error);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  gboolean row;

  if (statement == NULL)
    return NULL;
  dms_statement_bind_int64 (statement, 1, now_us);
  do
    {
      if (!dms_statement_step (statement, &row, error))
        return NULL;
      if (row)
        g_strv_builder_add (ids, dms_statement_get_text (statement, 0));
    }
  while (row);
  return g_strv_builder_end (ids);
}

/**
 * dms_ledger_expire_commits:
 * @self: a ledger
 * @now_us: commits that end by then go
 * @error: return location
 *
 * Returns: (transfer full) (nullable): whose commits were given back
 */
GStrv
dms_ledger_expire_commits (DmsLedger *self, gint64 now_us, GError **error)
{
  g_auto (GStrv) ids = NULL;

  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  ids = read_ids (
      self,
      "DELETE FROM reservations WHERE state = 'committed' AND expires_us <= ?1 RETURNING allocation_id",
      now_us,
      error);
  if (ids != NULL && ids[0] != NULL)
    changed (self);
  return g_steal_pointer (&ids);
}

/**
 * dms_ledger_limit_commits:
 * @self: a ledger
 * @latest_us: no commit can have been made until later than that
 * @error: return location
 *
 * Commits that end later were made before the clock was put back; they end then at the latest.
 *
 * Returns: %TRUE unless the database failed
 */
gboolean
dms_ledger_limit_commits (DmsLedger *self, gint64 latest_us, GError **error)
{
  g_autoptr (DmsStatement) statement = NULL;

  g_return_val_if_fail (DMS_IS_LEDGER (self), FALSE);

  statement = dms_store_prepare (
      self->store,
      "UPDATE reservations SET expires_us = ?1 WHERE state = 'committed' AND expires_us > ?1",
      error);
  if (statement == NULL)
    return FALSE;
  dms_statement_bind_int64 (statement, 1, latest_us);
  return dms_statement_run (statement, error);
}

/**
 * dms_ledger_list:
 * @self: a ledger
 * @error: return location
 *
 * Returns: (transfer full) (nullable): everybody who holds something
 */
GStrv
dms_ledger_list (DmsLedger *self, GError **error)
{
  g_return_val_if_fail (DMS_IS_LEDGER (self), NULL);

  return read_ids (self, "SELECT allocation_id FROM reservations WHERE ?1 ORDER BY allocation_id", 1, error);
}
