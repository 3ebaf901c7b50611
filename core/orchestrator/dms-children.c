/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-children.h"

#include "common/dms-json-object.h"
#include "jobs/dms-job-json.h"
#include "jobs/dms-job-parser.h"
#include "observability/dms-log.h"
#include "orchestrator/dms-child-check.h"
#include "orchestrator/dms-deployment-private.h"
#include "orchestrator/dms-log-fetch.h"
#include "orchestrator/dms-orchestrator-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum
{
  REVIEW_SECONDS = 5,
  PLACEMENT_SECONDS = 600,
  MAX_KEY = 64,
  MAX_TEXT = 256 * 1024,
  MAX_OUTPUT = 32 * 1024,
  /* Of one list: an answer may have 256 KiB, and the message that brings it 1 MiB. */
  MAX_LIST = 240 * 1024,
  MAX_LISTED_ERROR = 4 * 1024,
};

typedef struct
{
  char *id;
  char *parent;
  /* Full ID of the job's allocation. */
  char *allocation;
  /* What the job calls it. */
  char *key;
  DmsChildCharge charge;
  gint64 deadline_us;
  gboolean detached;
  /* Being ended. */
  gboolean ending;
  /* (nullable): how it ended, once that is known; a job may ask often. */
  const char *final_status;
  char *final_error;
} Child;

struct _DmsChildren
{
  GObject parent_instance;

  DmsOrchestrator *orchestrator;
  DmsCollection *collection;
  /* ID → Child */
  GHashTable *children;
  guint timer;
};

G_DEFINE_FINAL_TYPE (DmsChildren, dms_children, G_TYPE_OBJECT)

static void
child_free (gpointer data)
{
  Child *child = data;

  g_free (child->id);
  g_free (child->parent);
  g_free (child->allocation);
  g_free (child->key);
  g_free (child->final_error);
  g_free (child);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Child, child_free)

void
dms_children_stop (DmsChildren *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
}

static void
dms_children_finalize (GObject *object)
{
  DmsChildren *self = DMS_CHILDREN (object);

  dms_children_stop (self);
  g_hash_table_unref (self->children);
  g_clear_object (&self->collection);
  G_OBJECT_CLASS (dms_children_parent_class)->finalize (object);
}

static void
dms_children_class_init (DmsChildrenClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_children_finalize;
}

static void
dms_children_init (DmsChildren *self)
{
  self->children = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, child_free);
}

/* Records */

static gboolean
put (DmsChildren *self, Child *child, GError **error)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "parent", child->parent);
  json_object_set_string_member (object, "allocation", child->allocation);
  json_object_set_string_member (object, "key", child->key);
  json_object_set_double_member (object, "cores", child->charge.cores);
  json_object_set_int_member (object, "ram", (gint64) child->charge.ram_bytes);
  json_object_set_int_member (object, "disk", (gint64) child->charge.disk_bytes);
  json_object_set_int_member (object, "gpus", child->charge.n_gpus);
  json_object_set_int_member (object, "deployments", child->charge.n_deployments);
  json_object_set_int_member (object, "deadline_us", child->deadline_us);
  json_object_set_boolean_member (object, "detached", child->detached);
  json_node_take_object (node, object);
  return dms_collection_put (self->collection, child->id, node, error);
}

static void
load (DmsChildren *self, DmsDocument *document)
{
  JsonObject *object = dms_json_node_get_child (dms_document_get_body (document));
  Child *child = g_new0 (Child, 1);

  child->id = g_strdup (dms_document_get_id (document));
  child->parent = g_strdup (dms_json_object_get_text (object, "parent"));
  child->allocation = g_strdup (dms_json_object_get_text (object, "allocation"));
  child->key = g_strdup (dms_json_object_get_text (object, "key"));
  child->charge.cores = json_object_get_double_member_with_default (object, "cores", 0);
  child->charge.ram_bytes = (guint64) dms_json_object_get_whole (object, "ram", 0, G_MAXINT64, 0);
  child->charge.disk_bytes = (guint64) dms_json_object_get_whole (object, "disk", 0, G_MAXINT64, 0);
  child->charge.n_gpus = (guint) dms_json_object_get_whole (object, "gpus", 0, G_MAXINT32, 0);
  child->charge.n_deployments = (guint) dms_json_object_get_whole (object, "deployments", 1, G_MAXINT32, 1);
  child->deadline_us = dms_json_object_get_whole (object, "deadline_us", 0, G_MAXINT64, 0);
  child->detached = dms_json_object_get_flag (object, "detached");
  if (child->parent != NULL && child->allocation != NULL && child->key != NULL)
    g_hash_table_insert (self->children, child->id, child);
  else
    child_free (child);
}

static gboolean
on_timer (gpointer user_data)
{
  dms_children_review (user_data);
  return G_SOURCE_CONTINUE;
}

static void
watch (DmsChildren *self)
{
  if (self->timer == 0 && g_hash_table_size (self->children) > 0)
    self->timer = g_timeout_add_seconds (REVIEW_SECONDS, on_timer, self);
}

DmsChildren *
dms_children_new (DmsOrchestrator *orchestrator, DmsStore *store, GError **error)
{
  g_autoptr (DmsChildren) self = g_object_new (DMS_TYPE_CHILDREN, NULL);
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) found = NULL;

  self->orchestrator = orchestrator;
  self->collection = dms_collection_new (store, "children", NULL, error);
  if (self->collection == NULL)
    return NULL;
  found = dms_collection_query (self->collection, query, NULL, error);
  if (found == NULL)
    return NULL;
  for (guint i = 0; i < found->len; i++)
    load (self, found->pdata[i]);
  watch (self);
  return g_steal_pointer (&self);
}

/* Endings */

static void
on_shut_down (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!dms_deployment_shutdown_finish (DMS_DEPLOYMENT (source), result, &error))
    dms_log_event (G_LOG_LEVEL_WARNING,
                   "child_not_shut_down",
                   "orchestratorID",
                   dms_deployment_get_id (DMS_DEPLOYMENT (source)),
                   "error",
                   error->message,
                   NULL);
}

static void
end_child (DmsChildren *self, Child *child, const char *why)
{
  DmsDeployment *deployment = dms_orchestrator_find (self->orchestrator, child->id);

  if (deployment == NULL || child->ending)
    return;
  child->ending = TRUE;
  dms_log_event (G_LOG_LEVEL_INFO,
                 "child_ended",
                 "orchestratorID",
                 child->id,
                 "parent",
                 child->parent,
                 "error",
                 why,
                 NULL);
  dms_deployment_shutdown_async (deployment, NULL, on_shut_down, NULL);
}

static void
forget (DmsChildren *self, Child *child)
{
  if (dms_collection_delete (self->collection, child->id, NULL, NULL))
    g_hash_table_remove (self->children, child->id);
}

static const char *
find_reason (DmsChildren *self, Child *child)
{
  DmsDeployment *parent = dms_orchestrator_find (self->orchestrator, child->parent);

  if (g_get_real_time () > child->deadline_us)
    return "its time is over";
  if (!child->detached && (parent == NULL || !dms_deployment_job_is_alive (parent, child->allocation)))
    return "the job that deployed it has ended";
  return NULL;
}

static void
review_child (DmsChildren *self, const char *id)
{
  Child *child = g_hash_table_lookup (self->children, id);
  const char *reason = child == NULL ? NULL : find_reason (self, child);

  if (reason != NULL)
    end_child (self, child, reason);
  /* Ending one may have ended others, and this one. */
  child = g_hash_table_lookup (self->children, id);
  /* As long as the parent lives it counts, and can be asked about. */
  if (child != NULL && dms_orchestrator_find (self->orchestrator, child->id) == NULL &&
      dms_orchestrator_find (self->orchestrator, child->parent) == NULL)
    forget (self, child);
}

void
dms_children_review (DmsChildren *self)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->children);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    g_ptr_array_add (all, g_strdup (key));
  for (guint i = 0; i < all->len; i++)
    review_child (self, all->pdata[i]);
  if (g_hash_table_size (self->children) == 0)
    dms_children_stop (self);
}

/* Requests */

typedef struct
{
  DmsChildren *children;
  DmsDeployment *parent;
  const char *allocation;
  DmsChildBudget *budget;
  JsonObject *request;
} Request;

static JsonObject *
make_error (const char *text, gboolean again)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "ok", FALSE);
  json_object_set_string_member (reply, "error", text);
  json_object_set_boolean_member (reply, "again", again);
  return reply;
}

static gboolean
is_key (const char *text)
{
  gsize length = text == NULL ? 0 : strlen (text);

  return length > 0 && length <= MAX_KEY &&
         strspn (text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == length;
}

/* From whose it is and what it is called: nothing that a job can say names somebody else's. */
static char *
make_child_id (const char *allocation, const char *key)
{
  g_autofree char *text = g_strconcat ("child/", allocation, "/", key, NULL);

  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

static Child *
find_child (Request *request)
{
  const char *key = dms_json_object_get_text (request->request, "key");
  g_autofree char *id = is_key (key) ? make_child_id (request->allocation, key) : NULL;

  return id == NULL ? NULL : g_hash_table_lookup (request->children->children, id);
}

static void
learn_end (DmsChildren *self, Child *child)
{
  DmsDeploymentRecords *records = dms_orchestrator_get_records (self->orchestrator);
  g_autoptr (DmsDocument) record =
      records != NULL ? dms_deployment_records_get (records, child->id, NULL) : NULL;

  if (record == NULL)
    return;
  child->final_status = dms_deployment_status_to_string ((int) dms_deployment_records_get_status (record));
  g_free (child->final_error);
  child->final_error = g_strdup (dms_deployment_records_get_error (record));
}

static void
describe (DmsChildren *self, Child *child, JsonObject *object)
{
  DmsDeployment *deployment = dms_orchestrator_find (self->orchestrator, child->id);
  const char *status;

  if (deployment == NULL && child->final_status == NULL)
    learn_end (self, child);
  if (deployment != NULL)
    status = dms_deployment_status_to_string ((int) dms_deployment_get_status (deployment));
  else
    status = child->final_status != NULL ? child->final_status : "Lost";
  json_object_set_string_member (object, "id", child->id);
  json_object_set_string_member (object, "key", child->key);
  json_object_set_string_member (object, "status", status);
  json_object_set_boolean_member (object, "over", deployment == NULL && child->final_status != NULL);
  json_object_set_string_member (object, "error", child->final_error != NULL ? child->final_error : "");
  json_object_set_boolean_member (object, "detached", child->detached);
}

static JsonObject *
make_description (DmsChildren *self, Child *child)
{
  JsonObject *reply = json_object_new ();

  json_object_set_boolean_member (reply, "ok", TRUE);
  describe (self, child, reply);
  return reply;
}

/* What the children of this job take. */
static void
sum_up (Request *request, DmsChildCharge *running, guint *n_deployments)
{
  DmsOrchestrator *orchestrator = request->children->orchestrator;
  GHashTableIter iter;
  gpointer value;

  memset (running, 0, sizeof *running);
  *n_deployments = 0;
  g_hash_table_iter_init (&iter, request->children->children);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Child *child = value;

      if (strcmp (child->allocation, request->allocation) != 0)
        continue;
      *n_deployments += child->charge.n_deployments;
      if (dms_orchestrator_find (orchestrator, child->id) == NULL)
        continue;
      running->cores += child->charge.cores;
      running->ram_bytes += child->charge.ram_bytes;
      running->disk_bytes += child->charge.disk_bytes;
      running->n_gpus += child->charge.n_gpus;
    }
}

/* (transfer full) (nullable): what is wrong */
static JsonObject *
check_room (Request *request, const DmsChildCharge *charge)
{
  DmsChildCharge running;
  DmsChildCharge none = { 0 };
  guint n_deployments;
  const char *what = NULL;
  g_autofree char *text = NULL;

  sum_up (request, &running, &n_deployments);
  if (n_deployments + charge->n_deployments > request->budget->max_deployments)
    {
      text = g_strdup_printf ("the budget is %u deployments, of which %u are used; this one needs %u",
                              request->budget->max_deployments,
                              n_deployments,
                              charge->n_deployments);
      return make_error (text, FALSE);
    }
  if (!dms_child_charge_fits (charge, &none, request->budget, &what))
    {
      text = g_strdup_printf ("it needs more %s than the whole budget has", what);
      return make_error (text, FALSE);
    }
  if (!dms_child_charge_fits (charge, &running, request->budget, &what))
    {
      text = g_strdup_printf ("not enough %s in the budget while others run; ask again when one has ended",
                              what);
      return make_error (text, TRUE);
    }
  return NULL;
}

/* Those of a child end no later than itself. */
static gint64
find_deadline (Request *request)
{
  Child *own = g_hash_table_lookup (request->children->children, dms_deployment_get_id (request->parent));
  gint64 deadline_us = g_get_real_time () + request->budget->lifetime_us;

  return own != NULL ? MIN (deadline_us, own->deadline_us) : deadline_us;
}

static DmsEnsemble *
parse_ensemble (Request *request, GError **error)
{
  JsonNode *node = dms_json_object_get_member (request->request, "ensemble");
  g_autofree char *text = NULL;
  g_autoptr (GBytes) data = NULL;

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    text = json_to_string (node, FALSE);
  else
    text = g_strdup (dms_json_object_get_text (request->request, "ensemble"));
  if (text == NULL || strlen (text) > MAX_TEXT)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "ensemble must be a job file, as text or as an object, of at most %d bytes",
                   MAX_TEXT);
      return NULL;
    }
  data = g_bytes_new (text, strlen (text));
  return dms_job_parser_load_untrusted ("ensemble", data, error);
}

static JsonObject *
begin (Request *request, Child *child, DmsEnsemble *ensemble)
{
  DmsChildren *self = request->children;
  g_autoptr (GError) error = NULL;

  if (dms_orchestrator_deploy_as (
          self->orchestrator, child->id, ensemble, dms_actor_expiry_in (PLACEMENT_SECONDS), &error) == NULL)
    return make_error (error->message, g_error_matches (error, DMS_ERROR, DMS_ERROR_BUSY));
  return make_description (self, child);
}

static JsonObject *
handle_deploy (Request *request)
{
  DmsChildren *self = request->children;
  const char *key = dms_json_object_get_text (request->request, "key");
  gboolean detached = dms_json_object_get_flag (request->request, "detached");
  Child *known = find_child (request);
  g_autoptr (JsonObject) last = known == NULL ? NULL : make_description (self, known);
  g_autoptr (Child) child = NULL;
  g_autoptr (DmsEnsemble) ensemble = NULL;
  g_autoptr (GError) error = NULL;
  DmsChildCharge charge;
  JsonObject *problem;

  if (!is_key (key))
    return make_error ("key must be a name of your own for this child, of letters, digits, “-”, “_” and “.”",
                       FALSE);
  /* The answer to an earlier request may have been lost. */
  if (last != NULL && strcmp (json_object_get_string_member (last, "status"), "Lost") != 0)
    return g_steal_pointer (&last);
  if (!dms_deployment_job_is_alive (request->parent, request->allocation))
    return make_error ("the job has ended", FALSE);
  if (detached && !request->budget->may_detach)
    return make_error ("children of this job may not be detached", FALSE);
  ensemble = parse_ensemble (request, &error);
  if (ensemble == NULL || !dms_child_check (request->budget, ensemble, &charge, &error))
    return make_error (error->message, FALSE);
  /* It was never begun; what it would take now may be something else. */
  if (known != NULL)
    forget (self, known);
  problem = check_room (request, &charge);
  if (problem != NULL)
    return problem;
  child = g_new0 (Child, 1);
  child->id = make_child_id (request->allocation, key);
  child->parent = g_strdup (dms_deployment_get_id (request->parent));
  child->allocation = g_strdup (request->allocation);
  child->key = g_strdup (key);
  child->charge = charge;
  child->deadline_us = find_deadline (request);
  child->detached = detached;
  if (!put (self, child, &error))
    return make_error (error->message, TRUE);
  known = g_steal_pointer (&child);
  g_hash_table_insert (self->children, known->id, known);
  watch (self);
  return begin (request, known, ensemble);
}

static JsonObject *
handle_status (Request *request)
{
  Child *child = find_child (request);

  return child == NULL ? make_error ("you have no child of this key", FALSE)
                       : make_description (request->children, child);
}

static JsonObject *
handle_stop (Request *request)
{
  Child *child = find_child (request);

  if (child == NULL)
    return make_error ("you have no child of this key", FALSE);
  end_child (request->children, child, "the job that deployed it wants it no more");
  return make_description (request->children, child);
}

static int
compare_children (gconstpointer a, gconstpointer b)
{
  const Child *first = *(const Child *const *) a;
  const Child *second = *(const Child *const *) b;
  int order = strcmp (first->allocation, second->allocation);

  return order != 0 ? order : strcmp (first->key, second->key);
}

/* (transfer container) (element-type Child): those of a deployment and, if given, of one of its jobs, in
 * order
 */
static GPtrArray *
sort_children (DmsChildren *self, const char *parent, const char *allocation)
{
  GPtrArray *sorted = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->children);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Child *child = value;

      if (strcmp (child->parent, parent) == 0 &&
          (allocation == NULL || strcmp (child->allocation, allocation) == 0))
        g_ptr_array_add (sorted, child);
    }
  g_ptr_array_sort (sorted, compare_children);
  return sorted;
}

static JsonObject *
describe_in_list (DmsChildren *self, Child *child, gboolean with_allocation)
{
  JsonObject *item = json_object_new ();
  const char *error;

  describe (self, child, item);
  if (with_allocation)
    json_object_set_string_member (item, "allocation", child->allocation);
  error = json_object_get_string_member (item, "error");
  if (strlen (error) > MAX_LISTED_ERROR)
    {
      g_autofree char *start = g_strndup (error, MAX_LISTED_ERROR);
      g_autofree char *valid = g_utf8_make_valid (start, -1);
      g_autofree char *cut =
          g_strdup_printf ("%s… (%" G_GSIZE_FORMAT " bytes in all)", valid, strlen (error));

      json_object_set_string_member (item, "error", cut);
    }
  return item;
}

static gsize
measure (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_node_set_object (node, object);
  text = dms_json_node_to_text (node);
  return strlen (text) + 1;
}

/* As many as one answer holds; n_left: (out): how many of them it does not. */
static JsonArray *
list_children (DmsChildren *self, GPtrArray *sorted, guint from, gboolean with_allocation, guint *n_left)
{
  JsonArray *list = json_array_new ();
  gsize size = 0;

  for (guint i = from; i < sorted->len; i++)
    {
      g_autoptr (JsonObject) item = describe_in_list (self, sorted->pdata[i], with_allocation);

      size += measure (item);
      *n_left = sorted->len - i;
      if (size > MAX_LIST)
        return list;
      json_array_add_object_element (list, g_steal_pointer (&item));
    }
  *n_left = 0;
  return list;
}

/* A job with many children asks for them part by part: `after` is the key of the last one that it knows. */
static JsonObject *
handle_list (Request *request)
{
  const char *after = dms_json_object_get_text (request->request, "after");
  g_autoptr (GPtrArray) sorted =
      sort_children (request->children, dms_deployment_get_id (request->parent), request->allocation);
  JsonObject *reply = json_object_new ();
  JsonArray *list;
  guint from = 0;
  guint n_left;

  while (after != NULL && from < sorted->len && strcmp (((Child *) sorted->pdata[from])->key, after) <= 0)
    from++;
  list = list_children (request->children, sorted, from, FALSE, &n_left);
  json_object_set_boolean_member (reply, "ok", TRUE);
  json_object_set_array_member (reply, "children", list);
  json_object_set_int_member (reply, "total", sorted->len);
  json_object_set_int_member (reply, "left", n_left);
  return reply;
}

/* The last of what a child wrote, once it is over. */
static char *
read_output (const char *path)
{
  g_autofree char *buffer = g_malloc (MAX_OUTPUT);
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  off_t end = fd < 0 ? -1 : lseek (fd, 0, SEEK_END);
  gssize n = end < 0 ? 0 : pread (fd, buffer, MAX_OUTPUT, MAX (end - MAX_OUTPUT, 0));

  if (fd >= 0)
    close (fd);
  n = MAX (n, 0);
  for (gssize i = 0; i < n; i++)
    {
      if (buffer[i] == '\0')
        buffer[i] = ' ';
    }
  return g_utf8_make_valid (buffer, n);
}

/* Whether a child has such an allocation, or had one that wrote something. One that found no machine has none
 * yet, and how it ended says more. */
static gboolean
has_allocation (DmsChildren *self, Child *child, const char *allocation, const char *directory)
{
  g_autoptr (DmsManifest) manifest = NULL;
  g_autofree char *id = g_strdup_printf ("%s_%s", child->id, allocation);
  GPtrArray *all;

  if (g_file_test (directory, G_FILE_TEST_IS_DIR))
    return TRUE;
  manifest = dms_orchestrator_dup_manifest (self->orchestrator, child->id);
  all = manifest != NULL ? dms_manifest_get_allocations (manifest) : NULL;
  if (all == NULL || all->len == 0)
    return TRUE;
  for (guint i = 0; i < all->len; i++)
    {
      if (strcmp (dms_allocation_manifest_get_id (all->pdata[i]), id) == 0)
        return TRUE;
    }
  return FALSE;
}

static JsonObject *
handle_output (Request *request)
{
  Child *child = find_child (request);
  const char *allocation = dms_json_object_get_text (request->request, "allocation");
  gboolean from_stderr = g_strcmp0 (dms_json_object_get_text (request->request, "stream"), "stderr") == 0;
  g_autofree char *directory = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autofree char *shortfall = NULL;
  JsonObject *reply;

  if (child == NULL)
    return make_error ("you have no child of this key", FALSE);
  if (dms_orchestrator_find (request->children->orchestrator, child->id) != NULL)
    return make_error ("it is not over yet", TRUE);
  if (allocation != NULL)
    directory = dms_orchestrator_dup_log_directory (request->children->orchestrator, child->id, allocation);
  if (directory == NULL)
    return make_error ("allocation must be <node>.<allocation> of the child", FALSE);
  if (!has_allocation (request->children, child, allocation, directory))
    return make_error ("it has no such allocation: <node>.<allocation> is meant, as in its manifest", FALSE);
  path = g_build_filename (directory, from_stderr ? "stderr.log" : "stdout.log", NULL);
  text = read_output (path);
  shortfall = dms_log_fetch_read_shortfall (directory);
  reply = shortfall == NULL ? make_description (request->children, child) : make_error (shortfall, FALSE);
  json_object_set_string_member (reply, "output", text);
  return reply;
}

static JsonObject *
describe_nodes (DmsManifest *manifest)
{
  GPtrArray *nodes = dms_manifest_get_nodes (manifest);
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < nodes->len; i++)
    {
      const char *peer = dms_node_manifest_get_peer (nodes->pdata[i]);
      const char *const *names = dms_node_manifest_get_allocations (nodes->pdata[i]);
      JsonObject *item = json_object_new ();

      json_object_set_string_member (item, "peer", peer != NULL ? peer : "");
      dms_job_json_set_strv (item, "allocations", names);
      json_object_set_object_member (object, dms_node_manifest_get_id (nodes->pdata[i]), item);
    }
  return object;
}

static JsonObject *
describe_allocations (DmsManifest *manifest)
{
  GPtrArray *allocations = dms_manifest_get_allocations (manifest);
  JsonObject *object = json_object_new ();

  for (guint i = 0; i < allocations->len; i++)
    {
      const char *status = dms_allocation_manifest_get_status (allocations->pdata[i]);
      JsonObject *item = json_object_new ();

      json_object_set_string_member (
          item, "type", dms_allocation_manifest_get_type_name (allocations->pdata[i]));
      json_object_set_string_member (item, "status", status != NULL ? status : "");
      json_object_set_object_member (object, dms_allocation_manifest_get_id (allocations->pdata[i]), item);
    }
  return object;
}

/* Who runs it and how it stands; not the handles, which are for those that may send messages. */
static JsonObject *
handle_manifest (Request *request)
{
  Child *child = find_child (request);
  g_autoptr (DmsManifest) manifest = NULL;
  JsonObject *reply;

  if (child == NULL)
    return make_error ("you have no child of this key", FALSE);
  manifest = dms_orchestrator_dup_manifest (request->children->orchestrator, child->id);
  if (manifest == NULL)
    return make_error ("its manifest was not stored", FALSE);
  reply = make_description (request->children, child);
  json_object_set_object_member (reply, "nodes", describe_nodes (manifest));
  json_object_set_object_member (reply, "allocations", describe_allocations (manifest));
  return reply;
}

void
dms_children_handle (DmsChildren *self, DmsDeployment *parent, DmsMessage *message)
{
  static const struct
  {
    const char *name;
    JsonObject *(*handle) (Request *request);
  } operations[] = {
    { "deploy", handle_deploy }, { "status", handle_status }, { "list", handle_list },
    { "stop", handle_stop },     { "output", handle_output }, { "manifest", handle_manifest },
  };
  JsonObject *payload = dms_message_get_object (message);
  Request request = { self, parent, NULL, NULL, dms_json_object_get_child (payload, "Request") };
  DmsAllocationConfig *config = dms_deployment_find_asker (parent, message, &request.allocation);
  const char *name = dms_json_object_get_text (request.request, "op");

  request.budget = config == NULL ? NULL : dms_allocation_config_get_children (config);
  if (request.budget == NULL)
    {
      dms_message_reply_object (message, make_error ("this job may not deploy anything", FALSE));
      return;
    }
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (operations); i++)
    {
      if (strcmp (operations[i].name, name) != 0)
        continue;
      dms_message_reply_object (message, operations[i].handle (&request));
      return;
    }
  dms_message_reply_object (message,
                            make_error ("op must be deploy, status, list, stop, output or manifest", FALSE));
}

JsonArray *
dms_children_list (DmsChildren *self, const char *parent_id, guint *n_left)
{
  g_autoptr (GPtrArray) sorted = sort_children (self, parent_id, NULL);

  return list_children (self, sorted, 0, TRUE, n_left);
}
