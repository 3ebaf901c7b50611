/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* `/dms/deployment/{request,commit,allocate,revert}` (behaviors.md §4, node-and-executors.md §1-3). */

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-job-consent.h"
#include "provider/dms-job-log.h"
#include "provider/dms-provider-private.h"

enum
{
  MAX_PORTS = 1024,
  MAX_ALLOCATIONS = 256,
};

/* What our orchestrators say about which attempt a message belongs to: the number of the newest request for
 * bids when it was sent. Messages come late and in any order; what is older than what was done since is not
 * done any more (docs/commit-protocol.md). -1 where the field's say nothing. */
static gint64
get_nonce (JsonObject *payload)
{
  return dms_json_object_get_whole (payload, "Nonce", 0, G_MAXINT64, -1);
}

static void
reply_outcome (DmsMessage *message, const GError *error, const char *extra_name, JsonNode *extra)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "OK", error == NULL);
  json_object_set_string_member (reply, "Error", error != NULL ? error->message : "");
  if (extra != NULL)
    json_object_set_member (reply, extra_name, extra);
  dms_message_reply_object (message, reply);
}

static void
on_request (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_bidder_handle_request (dms_provider_get_bidder (user_data), message);
}

static void
on_denied (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_bidder_handle_denied (dms_provider_get_bidder (user_data), message);
}

/* Commit */

typedef struct
{
  DmsProvider *provider;
  const char *id;
  DmsResources *resources;
  gint64 expires_us;
  GArray *ports;
  GArray *job_ports;
  guint n_dynamic;
  GArray *dynamic;
} Commit;

static gboolean
commit_in_transaction (DmsStore *store, gpointer user_data, GError **error)
{
  Commit *commit = user_data;

  if (!dms_ledger_commit (dms_provider_get_ledger (commit->provider),
                          commit->id,
                          commit->resources,
                          commit->expires_us,
                          error))
    {
      g_prefix_error (error, "resources not available: ");
      return FALSE;
    }
  /* Those of a commit that has run out and was not cleared away yet. */
  if (!dms_port_ledger_release (dms_provider_get_ports (commit->provider), commit->id, error))
    return FALSE;
  commit->dynamic = dms_port_ledger_take (dms_provider_get_ports (commit->provider),
                                          commit->id,
                                          (guint16 *) (void *) commit->ports->data,
                                          (guint16 *) (void *) commit->job_ports->data,
                                          commit->ports->len,
                                          commit->n_dynamic,
                                          error);
  return commit->dynamic != NULL;
}

/* `{public:private}`; a public port of 0 stands for a dynamic one. */
static gboolean
read_ports (Commit *commit, JsonObject *ports, GError **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (ports == NULL)
    return TRUE;
  json_object_iter_init (&iter, ports);
  while (json_object_iter_next (&iter, &name, &node))
    {
      guint64 number;
      guint16 port;
      guint16 job_port;
      gint64 value = JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
                         ? json_node_get_int (node)
                         : 0;
      if (!g_ascii_string_to_unsigned (name, 10, 0, 65535, &number, NULL) || value < 1 || value > 65535 ||
          commit->ports->len >= MAX_PORTS)
        {
          g_set_error_literal (error,
                               DMS_ERROR,
                               DMS_ERROR_INVALID_DATA,
                               "PortMapping must map at most 1024 ports to ports from 1 to 65535");
          return FALSE;
        }
      port = (guint16) number;
      job_port = (guint16) value;
      if (port != 0)
        {
          g_array_append_val (commit->ports, port);
          g_array_append_val (commit->job_ports, job_port);
        }
    }
  return TRUE;
}

/* What other programs use is not known to the ledger. The processors are shared, so their load does not
 * count. */
static gboolean
check_machine (DmsProvider *provider, DmsResources *required, GError **error)
{
  g_autoptr (DmsHardware) machine = dms_inventory_dup_hardware (dms_provider_get_inventory (provider), error);
  g_autoptr (DmsResources) free = machine != NULL ? dms_hardware_dup_free (machine) : NULL;

  if (machine == NULL)
    return FALSE;
  if (dms_cpu_get_cores (dms_resources_get_cpu (required)) >
          dms_cpu_get_cores (dms_resources_get_cpu (dms_hardware_get_total (machine))) ||
      dms_ram_get_size_bytes (dms_resources_get_ram (required)) >
          dms_ram_get_size_bytes (dms_resources_get_ram (free)) ||
      dms_disk_get_size_bytes (dms_resources_get_disk (required)) >
          dms_disk_get_size_bytes (dms_resources_get_disk (free)))
    {
      g_autofree char *needed = dms_resources_describe (required);
      g_autofree char *left = dms_resources_describe (free);
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_NO_RESOURCES,
                   "no capacity left on the hardware: %s needed, %s free now",
                   needed,
                   left);
      return FALSE;
    }
  return TRUE;
}

static JsonNode *
ports_to_json (GArray *ports)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < ports->len; i++)
    json_array_add_int_element (list, g_array_index (ports, guint16, i));
  json_node_take_array (node, list);
  return node;
}

/* The same commit again, because its answer was lost. */
static gboolean
is_repeated (Commit *commit)
{
  g_autoptr (DmsResources) held = NULL;
  g_autoptr (DmsCpu) cpu = NULL;

  if (!dms_ledger_is_committed (dms_provider_get_ledger (commit->provider), commit->id))
    return FALSE;
  held = dms_ledger_dup_reservation (dms_provider_get_ledger (commit->provider), commit->id, NULL);
  if (held == NULL ||
      dms_cpu_get_cores (dms_resources_get_cpu (held)) !=
          dms_cpu_get_cores (dms_resources_get_cpu (commit->resources)) ||
      dms_ram_get_size_bytes (dms_resources_get_ram (held)) !=
          dms_ram_get_size_bytes (dms_resources_get_ram (commit->resources)) ||
      dms_disk_get_size_bytes (dms_resources_get_disk (held)) !=
          dms_disk_get_size_bytes (dms_resources_get_disk (commit->resources)) ||
      dms_resources_get_gpus (held)->len != dms_resources_get_gpus (commit->resources)->len)
    return FALSE;
  commit->dynamic =
      dms_port_ledger_list_dynamic (dms_provider_get_ports (commit->provider), commit->id, NULL);
  return commit->dynamic != NULL && commit->dynamic->len == commit->n_dynamic;
}

static gboolean
do_commit (Commit *commit, DmsMessage *message, JsonObject *payload, GError **error)
{
  const char *ensemble_id = dms_json_object_get_text (payload, "EnsembleID");

  commit->id = dms_json_object_get_text (payload, "AllocationName");
  if (!dms_allocation_record_check_id (commit->id, ensemble_id, error))
    return FALSE;
  commit->expires_us = dms_bidder_check (dms_provider_get_bidder (commit->provider),
                                         ensemble_id,
                                         dms_message_get_sender_did (message),
                                         get_nonce (payload),
                                         error);
  if (commit->expires_us == 0)
    return FALSE;
  commit->resources = dms_resources_new_from_json (dms_json_object_get_member (payload, "Resources"), error);
  if (commit->resources == NULL ||
      !read_ports (commit, dms_json_object_get_child (payload, "PortMapping"), error))
    return FALSE;
  commit->n_dynamic = (guint) dms_json_object_get_whole (payload, "NumDynamicPorts", 0, MAX_PORTS, 0);
  if (is_repeated (commit))
    return TRUE;
  g_clear_pointer (&commit->dynamic, g_array_unref);
  return check_machine (commit->provider, commit->resources, error) &&
         dms_store_transaction (
             dms_provider_get_store (commit->provider), commit_in_transaction, commit, error);
}

static void
note_commit (Commit *commit, JsonObject *payload)
{
  DmsBidder *bidder = dms_provider_get_bidder (commit->provider);
  const char *ensemble_id = dms_json_object_get_text (payload, "EnsembleID");
  gint64 before = dms_bidder_get_commit (bidder, ensemble_id, commit->id);

  dms_bidder_note_commit (bidder, ensemble_id, commit->id, MAX (before, get_nonce (payload)));
}

static void
on_commit (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *payload = dms_message_get_object (message);
  g_autoptr (GArray) ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr (GArray) job_ports = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr (GError) error = NULL;
  Commit commit = { .provider = user_data, .ports = ports, .job_ports = job_ports };

  if (!do_commit (&commit, message, payload, &error))
    {
      dms_log_event (G_LOG_LEVEL_WARNING,
                     "commit_deployment_error",
                     "orchestratorID",
                     dms_json_object_get_text (payload, "EnsembleID"),
                     "allocationID",
                     commit.id,
                     "error",
                     error->message,
                     NULL);
      reply_outcome (message, error, NULL, NULL);
    }
  else
    {
      dms_log_event (G_LOG_LEVEL_INFO,
                     "commit_deployment_started",
                     "orchestratorID",
                     dms_json_object_get_text (payload, "EnsembleID"),
                     "allocationID",
                     commit.id,
                     NULL);
      note_commit (&commit, payload);
      reply_outcome (message, NULL, "DynamicPorts", ports_to_json (commit.dynamic));
    }
  g_clear_pointer (&commit.dynamic, g_array_unref);
  g_clear_pointer (&commit.resources, dms_resources_unref);
}

/* Allocate */

typedef struct
{
  DmsProvider *provider;
  DmsMessage *message;
  const char *ensemble_id;
  const char *node_id;
  gint64 nonce;
  GPtrArray *names;   /* utf8, as the requester wrote them */
  GPtrArray *records; /* DmsAllocationRecord */
} Allocate;

/* Requesters name allocations by their full ID, older ones by the key or the plain name. */
static char *
dup_full_id (Allocate *allocate, const char *name)
{
  g_autofree char *prefix = g_strconcat (allocate->ensemble_id, "_", NULL);
  g_autofree char *by_key = g_strconcat (prefix, name, NULL);
  DmsLedger *ledger = dms_provider_get_ledger (allocate->provider);

  if (g_str_has_prefix (name, prefix))
    return g_strdup (name);
  if (dms_ledger_is_committed (ledger, by_key) || dms_provider_lookup (allocate->provider, by_key) != NULL)
    return g_steal_pointer (&by_key);
  return g_strconcat (prefix, allocate->node_id, ".", name, NULL);
}

/* An allocation is made by the attempt that committed for it. */
static gboolean
is_late (Allocate *allocate, const char *id, gint64 nonce, GError **error)
{
  if (allocate->nonce < 0 || nonce < 0 || nonce == allocate->nonce)
    return FALSE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_WRONG_STATE,
               "allocation “%s” belongs to another attempt of its ensemble",
               id);
  return TRUE;
}

static gboolean
read_allocation (Allocate *allocate, const char *name, JsonObject *config, GError **error)
{
  DmsLedger *ledger = dms_provider_get_ledger (allocate->provider);
  DmsDid *requester = dms_message_get_sender_did (allocate->message);
  g_autofree char *id = dup_full_id (allocate, name);
  DmsAllocation *existing = dms_provider_lookup (allocate->provider, id);
  g_autoptr (DmsResources) resources = NULL;
  g_autoptr (DmsAllocationRecord) record = NULL;

  if (!dms_allocation_record_check_id (id, allocate->ensemble_id, error))
    return FALSE;
  /* One that ended, of an earlier attempt of the same ensemble, makes room for the next. */
  if (existing != NULL && dms_allocation_status_is_final (dms_allocation_get_record (existing)->status) &&
      dms_ledger_is_committed (ledger, id))
    {
      dms_provider_drop_allocation (allocate->provider, existing);
      existing = NULL;
    }
  if (existing != NULL && dms_did_equal (dms_allocation_get_record (existing)->orchestrator_did, requester))
    {
      record = dms_allocation_record_ref (dms_allocation_get_record (existing));
      if (is_late (allocate, id, record->nonce, error))
        return FALSE;
    }
  else
    {
      if (!dms_ledger_is_committed (ledger, id))
        {
          g_set_error (error,
                       DMS_ERROR,
                       DMS_ERROR_NOT_FOUND,
                       "allocation not found: nothing is committed for “%s”, or the commit has expired",
                       id);
          return FALSE;
        }
      if (is_late (
              allocate,
              id,
              dms_bidder_get_commit (dms_provider_get_bidder (allocate->provider), allocate->ensemble_id, id),
              error))
        return FALSE;
      resources = dms_ledger_dup_reservation (ledger, id, error);
      if (resources == NULL)
        return FALSE;
      record = dms_allocation_record_new_from_wire (id,
                                                    allocate->ensemble_id,
                                                    allocate->node_id,
                                                    dms_message_get_from (allocate->message),
                                                    requester,
                                                    resources,
                                                    config,
                                                    error);
      if (record == NULL || !dms_job_consent_check (dms_job_consent_of_params (record->params),
                                                    dms_provider_get_config (allocate->provider),
                                                    dms_provider_trusts_record (allocate->provider, record),
                                                    error))
        return FALSE;
      record->nonce = allocate->nonce;
      if (!dms_succession_answers_begin (record, allocate->message, error))
        return FALSE;
      if (record->has_socket &&
          !dms_config_get_bool (dms_provider_get_config (allocate->provider), "job.allow_children"))
        {
          g_set_error_literal (error,
                               DMS_ERROR,
                               DMS_ERROR_NOT_SUPPORTED,
                               "this node lets no job deploy others; its owner can set job.allow_children");
          return FALSE;
        }
    }
  g_ptr_array_add (allocate->names, g_strdup (name));
  g_ptr_array_add (allocate->records, g_steal_pointer (&record));
  return TRUE;
}

static gboolean
allocate_in_transaction (DmsStore *store, gpointer user_data, GError **error)
{
  Allocate *allocate = user_data;

  for (guint i = 0; i < allocate->records->len; i++)
    {
      DmsAllocationRecord *record = g_ptr_array_index (allocate->records, i);
      if (dms_provider_lookup (allocate->provider, record->id) != NULL)
        continue;
      if (!dms_ledger_allocate (dms_provider_get_ledger (allocate->provider), record->id, error) ||
          !dms_provider_save_record (allocate->provider, record, error))
        return FALSE;
    }
  return TRUE;
}

static void
undo_allocation (Allocate *allocate)
{
  for (guint i = 0; i < allocate->records->len; i++)
    {
      DmsAllocationRecord *record = g_ptr_array_index (allocate->records, i);
      DmsAllocation *allocation = dms_provider_lookup (allocate->provider, record->id);
      if (allocation != NULL)
        dms_allocation_terminate_async (allocation, "allocating the others failed", NULL, NULL);
      else
        {
          record->status = DMS_ALLOCATION_TERMINATED;
          record->acknowledged = TRUE;
          (void) dms_provider_release (allocate->provider, record, NULL);
        }
    }
}

static gboolean
do_allocate (Allocate *allocate, JsonObject *payload, JsonObject *handles, GError **error)
{
  JsonObject *configs = dms_json_object_get_child (payload, "Allocations");
  g_autoptr (GList) names = configs != NULL ? json_object_get_members (configs) : NULL;
  guint n = g_list_length (names);

  allocate->ensemble_id = dms_json_object_get_text (payload, "EnsembleID");
  allocate->node_id = dms_json_object_get_text (payload, "NodeID");
  allocate->nonce = get_nonce (payload);
  if (allocate->ensemble_id == NULL || allocate->node_id == NULL || n == 0 || n > MAX_ALLOCATIONS)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "allocate must have EnsembleID, NodeID and 1 to 256 Allocations");
      return FALSE;
    }
  if (dms_bidder_check (dms_provider_get_bidder (allocate->provider),
                        allocate->ensemble_id,
                        dms_message_get_sender_did (allocate->message),
                        allocate->nonce,
                        error) == 0)
    return FALSE;
  for (GList *l = names; l != NULL; l = l->next)
    {
      if (!read_allocation (allocate, l->data, dms_json_object_get_child (configs, l->data), error))
        return FALSE;
    }
  if (!dms_store_transaction (
          dms_provider_get_store (allocate->provider), allocate_in_transaction, allocate, error))
    return FALSE;

  for (guint i = 0; i < allocate->records->len; i++)
    {
      DmsAllocationRecord *record = g_ptr_array_index (allocate->records, i);
      g_autofree char *folder =
          g_build_filename (dms_provider_get_jobs_dir (allocate->provider), record->id, NULL);
      DmsAllocation *allocation;

      /* What an earlier attempt wrote is not this one's. */
      if (dms_provider_lookup (allocate->provider, record->id) == NULL)
        dms_job_log_remove (folder);
      allocation = dms_provider_add_allocation (allocate->provider, record, error);
      if (allocation == NULL)
        {
          undo_allocation (allocate);
          return FALSE;
        }
      json_object_set_member (
          handles,
          g_ptr_array_index (allocate->names, i),
          dms_handle_to_json (dms_actor_get_handle (dms_allocation_get_actor (allocation))));
    }
  return TRUE;
}

static void
on_allocate (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  JsonObject *payload = dms_message_get_object (message);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) records =
      g_ptr_array_new_with_free_func ((GDestroyNotify) dms_allocation_record_unref);
  g_autoptr (GError) error = NULL;
  JsonNode *handles = json_node_new (JSON_NODE_OBJECT);
  Allocate allocate = { .provider = user_data, .message = message, .names = names, .records = records };

  json_node_take_object (handles, json_object_new ());
  if (!do_allocate (&allocate, payload, json_node_get_object (handles), &error))
    {
      dms_log_event (G_LOG_LEVEL_WARNING,
                     "new_deployment_error",
                     "orchestratorID",
                     dms_json_object_get_text (payload, "EnsembleID"),
                     "error",
                     error->message,
                     NULL);
      json_node_take_object (handles, json_object_new ());
    }
  reply_outcome (message, error, "Allocations", handles);
}

/* Revert */

typedef struct
{
  DmsMessage *message;
  const char *ensemble_id;
  gint64 nonce;
  guint pending;
  GError *error;
} Revert;

static void
revert_done (Revert *revert)
{
  if (--revert->pending > 0)
    return;
  reply_outcome (revert->message, revert->error, NULL, NULL);
  dms_message_unref (revert->message);
  g_clear_error (&revert->error);
  g_free (revert);
}

static void
terminated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Revert *revert = user_data;
  g_autoptr (GError) error = NULL;

  if (!dms_allocation_terminate_finish (DMS_ALLOCATION (source), result, &error) && revert->error == NULL)
    revert->error = g_steal_pointer (&error);
  revert_done (revert);
}

static gboolean
uncommit_in_transaction (DmsStore *store, gpointer user_data, GError **error)
{
  gpointer *arguments = user_data;

  return dms_ledger_release (dms_provider_get_ledger (arguments[0]), arguments[1], error) &&
         dms_port_ledger_release (dms_provider_get_ports (arguments[0]), arguments[1], error);
}

/* @requested: whether the requester holds the bid that commits of this ensemble were made under. */
static void
revert_one (DmsProvider *provider, Revert *revert, const char *id, gboolean requested)
{
  DmsAllocation *allocation = dms_provider_lookup (provider, id);
  DmsDid *requester = dms_message_get_sender_did (revert->message);
  gpointer arguments[] = { provider, (gpointer) id };
  gint64 nonce = allocation != NULL
                     ? dms_allocation_get_record (allocation)->nonce
                     : dms_bidder_get_commit (dms_provider_get_bidder (provider), revert->ensemble_id, id);

  /* The same machine was chosen again since. */
  if (revert->nonce >= 0 && nonce > revert->nonce)
    return;
  if (allocation != NULL &&
      dms_did_equal (dms_allocation_get_record (allocation)->orchestrator_did, requester))
    {
      revert->pending++;
      dms_allocation_terminate_async (allocation, "reverted", terminated, revert);
    }
  else if (allocation == NULL && requested &&
           dms_ledger_is_committed (dms_provider_get_ledger (provider), id))
    {
      (void) dms_store_transaction (dms_provider_get_store (provider),
                                    uncommit_in_transaction,
                                    arguments,
                                    revert->error == NULL ? &revert->error : NULL);
    }
}

/* Reverting what is not there, or not any more, is no error: the requester may ask again. */
static void
on_revert (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsBidder *bidder = dms_provider_get_bidder (user_data);
  JsonObject *payload = dms_message_get_object (message);
  const char *ensemble_id = dms_json_object_get_text (payload, "EnsembleID");
  g_auto (GStrv) ids = dms_json_object_dup_texts (payload, "AllocsByName");
  Revert *revert = g_new0 (Revert, 1);
  gboolean requested = FALSE;

  revert->message = dms_message_ref (message);
  revert->ensemble_id = ensemble_id;
  revert->nonce = get_nonce (payload);
  revert->pending = 1;
  if (ensemble_id != NULL)
    requested = dms_bidder_check (bidder, ensemble_id, dms_message_get_sender_did (message), -1, NULL) != 0;
  for (gsize i = 0; ids != NULL && ids[i] != NULL && i < MAX_ALLOCATIONS; i++)
    {
      if (dms_allocation_record_check_id (ids[i], ensemble_id, revert->error == NULL ? &revert->error : NULL))
        revert_one (user_data, revert, ids[i], requested);
    }
  if (requested)
    dms_bidder_forget (bidder, ensemble_id, revert->nonce);
  dms_log_event (G_LOG_LEVEL_INFO, "deployment_reverted", "orchestratorID", ensemble_id, NULL);
  revert_done (revert);
}

void
dms_deployment_behaviours_install (DmsProvider *provider, DmsActor *root)
{
  dms_actor_add_behaviour (
      root, "/dms/deployment/request", DMS_BEHAVIOUR_REQUIRE, on_request, provider, NULL);
  dms_actor_add_broadcast (root, "/dms/deployment/request", "/nunet/deployment", on_request, provider, NULL);
  dms_actor_set_denied_handler (root, "/dms/deployment/request", on_denied, provider);
  dms_actor_add_behaviour (root, "/dms/deployment/commit", DMS_BEHAVIOUR_REQUIRE, on_commit, provider, NULL);
  dms_actor_add_behaviour (
      root, "/dms/deployment/allocate", DMS_BEHAVIOUR_REQUIRE, on_allocate, provider, NULL);
  dms_actor_add_behaviour (root, "/dms/deployment/revert", DMS_BEHAVIOUR_REQUIRE, on_revert, provider, NULL);
}
