/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dns/dms-p2p-resolver.h"

#include <string.h>

/* The records of DNSADDR.md may lead to others, and whoever writes them is not trusted. go-libp2p's swarm
 * goes 32 deep and takes 100; the bootstrap lists in the field need two levels and below ten addresses. */
enum
{
  DMS_P2P_RESOLVER_MAX_DEPTH = 4,
  DMS_P2P_RESOLVER_MAX_RESULTS = 32,
  /* Of names, for one address. */
  DMS_P2P_RESOLVER_MAX_LOOKUPS = 32,
  DMS_P2P_RESOLVER_MAX_PARALLEL = 8,
  /* Of one name, looked at at most. */
  DMS_P2P_RESOLVER_MAX_RECORDS = 128,
  DMS_P2P_RESOLVER_TIMEOUT_MS = 10 * 1000,
  /* RFC 1035, section 2.3.4. */
  DMS_P2P_RESOLVER_MAX_NAME = 253,
};

/**
 * DmsP2pResolver:
 *
 * Turns addresses with names into addresses with IPs. Lives in the main context that made it.
 */
struct _DmsP2pResolver
{
  GObject parent_instance;

  GResolver *resolver;
  guint timeout_ms;
};

G_DEFINE_FINAL_TYPE (DmsP2pResolver, dms_p2p_resolver, G_TYPE_OBJECT)

/* A name that is still to be asked for. */
typedef struct
{
  DmsMultiaddr *address;
  guint depth;
} DmsP2pName;

/* One resolution. Belongs to its task. */
typedef struct
{
  DmsMultiaddr *address;
  /* DmsMultiaddr. */
  GPtrArray *results;
  /* DmsP2pName. */
  GQueue names;
  /* The texts of all names ever in @names: a record that leads back is not followed again. */
  GHashTable *seen;
  guint n_active;
  GCancellable *own;
  GCancellable *cancellable;
  GSource *watch;
  GSource *timer;
  gboolean is_timed_out;
  gboolean is_done;
  GError *error;
} DmsP2pResolution;

/* One question to the DNS. */
typedef struct
{
  GTask *task;
  DmsMultiaddr *address;
  guint depth;
} DmsP2pLookup;

static void dms_p2p_resolver_go_on (GTask *task);

static void
dms_p2p_name_free (gpointer data)
{
  DmsP2pName *self = data;

  dms_multiaddr_unref (self->address);
  g_free (self);
}

static void
dms_p2p_resolution_free (gpointer data)
{
  DmsP2pResolution *self = data;

  if (self->timer != NULL)
    g_source_destroy (self->timer);
  if (self->watch != NULL)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_pointer (&self->watch, g_source_unref);
  g_clear_object (&self->own);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->address, dms_multiaddr_unref);
  g_clear_pointer (&self->results, g_ptr_array_unref);
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_queue_clear_full (&self->names, dms_p2p_name_free);
  g_clear_error (&self->error);
  g_free (self);
}

static void
dms_p2p_lookup_free (DmsP2pLookup *self)
{
  g_object_unref (self->task);
  dms_multiaddr_unref (self->address);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pLookup, dms_p2p_lookup_free)

static void
dms_p2p_resolver_finalize (GObject *object)
{
  DmsP2pResolver *self = DMS_P2P_RESOLVER (object);

  g_clear_object (&self->resolver);
  G_OBJECT_CLASS (dms_p2p_resolver_parent_class)->finalize (object);
}

static void
dms_p2p_resolver_class_init (DmsP2pResolverClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_resolver_finalize;
}

static void
dms_p2p_resolver_init (DmsP2pResolver *self)
{
  self->timeout_ms = DMS_P2P_RESOLVER_TIMEOUT_MS;
}

DmsP2pResolver *
dms_p2p_resolver_new (GResolver *resolver)
{
  DmsP2pResolver *self = g_object_new (DMS_TYPE_P2P_RESOLVER, NULL);

  self->resolver = resolver != NULL ? g_object_ref (resolver) : g_resolver_get_default ();
  return self;
}

void
dms_p2p_resolver_set_timeout (DmsP2pResolver *self, guint timeout_ms)
{
  self->timeout_ms = timeout_ms;
}

/* Splits `/dns4/example.org/tcp/1` into its kind, its name and what is behind. */
static char *
dms_p2p_resolver_split (DmsMultiaddr *address, char **name, const char **rest)
{
  char *kind = dms_multiaddr_dup_part (address, 0, name);

  *rest = "";
  if (kind != NULL && *name != NULL)
    *rest = dms_multiaddr_get_text (address) + 1 + strlen (kind) + 1 + strlen (*name);
  return kind;
}

gboolean
dms_p2p_resolver_is_name (DmsMultiaddr *address)
{
  g_autofree char *kind = dms_multiaddr_dup_part (address, 0, NULL);

  return g_strcmp0 (kind, "dns") == 0 || g_strcmp0 (kind, "dns4") == 0 || g_strcmp0 (kind, "dns6") == 0 ||
         g_strcmp0 (kind, "dnsaddr") == 0;
}

static void
dms_p2p_resolver_add_result (DmsP2pResolution *job, DmsMultiaddr *address)
{
  if (job->results->len < DMS_P2P_RESOLVER_MAX_RESULTS &&
      !g_ptr_array_find_with_equal_func (job->results, address, (GEqualFunc) dms_multiaddr_equal, NULL))
    g_ptr_array_add (job->results, dms_multiaddr_ref (address));
}

/* The first failure is told when nothing came out. */
static void
dms_p2p_resolver_note (DmsP2pResolution *job, GError *error)
{
  if (job->error == NULL)
    job->error = error;
  else
    g_error_free (error);
}

static void
dms_p2p_resolver_add_name (DmsP2pResolution *job, DmsMultiaddr *address, guint depth)
{
  const char *text = dms_multiaddr_get_text (address);
  DmsP2pName *name = NULL;

  if (depth > DMS_P2P_RESOLVER_MAX_DEPTH)
    {
      dms_p2p_resolver_note (job,
                             g_error_new (DMS_ERROR,
                                          DMS_ERROR_TOO_LARGE,
                                          "“%s” leads through more than %d names; ask who publishes it",
                                          dms_multiaddr_get_text (job->address),
                                          DMS_P2P_RESOLVER_MAX_DEPTH));
      return;
    }
  if (g_hash_table_size (job->seen) >= DMS_P2P_RESOLVER_MAX_LOOKUPS ||
      !g_hash_table_add (job->seen, g_strdup (text)))
    return;
  name = g_new0 (DmsP2pName, 1);
  name->address = dms_multiaddr_ref (address);
  name->depth = depth;
  g_queue_push_tail (&job->names, name);
}

static void
dms_p2p_resolver_adopt (DmsP2pResolution *job, DmsP2pLookup *lookup, GError *error)
{
  const char *text = dms_multiaddr_get_text (lookup->address);

  if (g_error_matches (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND))
    {
      dms_p2p_resolver_note (
          job, g_error_new (DMS_ERROR, DMS_ERROR_NOT_FOUND, "the DNS knows nothing of “%s”", text));
      g_error_free (error);
      return;
    }
  dms_error_adopt (&error, "the name in “%s” was not resolved", text);
  dms_p2p_resolver_note (job, error);
}

static void
dms_p2p_resolver_on_ips (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pLookup) lookup = user_data;
  DmsP2pResolution *job = g_task_get_task_data (lookup->task);
  GError *error = NULL;
  GList *ips = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);
  g_autofree char *name = NULL;
  const char *rest = NULL;
  g_autofree char *kind = dms_p2p_resolver_split (lookup->address, &name, &rest);
  guint n = 0;

  if (error != NULL)
    dms_p2p_resolver_adopt (job, lookup, error);
  for (GList *l = ips; l != NULL && n < DMS_P2P_RESOLVER_MAX_RECORDS; l = l->next, n++)
    {
      gboolean is_ip6 = g_inet_address_get_family (l->data) == G_SOCKET_FAMILY_IPV6;
      g_autofree char *host = g_inet_address_to_string (l->data);
      g_autofree char *text = NULL;
      g_autoptr (DmsMultiaddr) address = NULL;

      if ((is_ip6 && strcmp (kind, "dns4") == 0) || (!is_ip6 && strcmp (kind, "dns6") == 0))
        continue;
      host[strcspn (host, "%")] = '\0';
      text = g_strconcat (is_ip6 ? "/ip6/" : "/ip4/", host, rest, NULL);
      address = dms_multiaddr_new (text, NULL);
      if (address != NULL)
        dms_p2p_resolver_add_result (job, address);
    }
  g_resolver_free_addresses (ips);
  job->n_active--;
  dms_p2p_resolver_go_on (lookup->task);
}

/* One TXT record is a list of strings of up to 255 bytes that belong together (RFC 1035, section 3.3.14). */
static void
dms_p2p_resolver_take_record (DmsP2pResolution *job, DmsP2pLookup *lookup, GVariant *record)
{
  g_autofree char *name = NULL;
  const char *rest = NULL;
  g_autofree char *kind = dms_p2p_resolver_split (lookup->address, &name, &rest);
  g_autofree const char **strings = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autofree char *text = NULL;
  g_autoptr (DmsMultiaddr) address = NULL;

  if (!g_variant_is_of_type (record, G_VARIANT_TYPE ("(as)")))
    return;
  list = g_variant_get_child_value (record, 0);
  strings = g_variant_get_strv (list, NULL);
  text = g_strjoinv (NULL, (char **) strings);
  if (!g_str_has_prefix (text, "dnsaddr="))
    return;
  address = dms_multiaddr_new (text + strlen ("dnsaddr="), NULL);
  /* @rest begins with a slash: what ends in it ends in whole parts. */
  if (address == NULL || !g_str_has_suffix (dms_multiaddr_get_text (address), rest))
    return;
  if (dms_p2p_resolver_is_name (address))
    dms_p2p_resolver_add_name (job, address, lookup->depth + 1);
  else
    dms_p2p_resolver_add_result (job, address);
}

static void
dms_p2p_resolver_on_records (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pLookup) lookup = user_data;
  DmsP2pResolution *job = g_task_get_task_data (lookup->task);
  GError *error = NULL;
  GList *records = g_resolver_lookup_records_finish (G_RESOLVER (source), result, &error);
  guint n = 0;

  if (error != NULL)
    dms_p2p_resolver_adopt (job, lookup, error);
  for (GList *l = records; l != NULL && n < DMS_P2P_RESOLVER_MAX_RECORDS; l = l->next, n++)
    dms_p2p_resolver_take_record (job, lookup, l->data);
  g_list_free_full (records, (GDestroyNotify) g_variant_unref);
  job->n_active--;
  dms_p2p_resolver_go_on (lookup->task);
}

static void
dms_p2p_resolver_ask (GTask *task, DmsP2pName *next)
{
  DmsP2pResolver *self = g_task_get_source_object (task);
  DmsP2pResolution *job = g_task_get_task_data (task);
  DmsP2pLookup *lookup = g_new0 (DmsP2pLookup, 1);
  g_autofree char *name = NULL;
  const char *rest = NULL;
  g_autofree char *kind = dms_p2p_resolver_split (next->address, &name, &rest);
  g_autofree char *record = g_strconcat ("_dnsaddr.", name, NULL);
  GResolverNameLookupFlags flags = G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT;

  lookup->task = g_object_ref (task);
  lookup->address = dms_multiaddr_ref (next->address);
  lookup->depth = next->depth;
  if (strlen (name) > DMS_P2P_RESOLVER_MAX_NAME)
    {
      dms_p2p_resolver_note (job,
                             g_error_new (DMS_ERROR,
                                          DMS_ERROR_INVALID_ARGUMENT,
                                          "a name of more than %d letters cannot be resolved",
                                          DMS_P2P_RESOLVER_MAX_NAME));
      dms_p2p_lookup_free (lookup);
      return;
    }
  job->n_active++;
  if (strcmp (kind, "dnsaddr") == 0)
    {
      g_resolver_lookup_records_async (
          self->resolver, record, G_RESOLVER_RECORD_TXT, job->own, dms_p2p_resolver_on_records, lookup);
      return;
    }
  if (strcmp (kind, "dns4") == 0)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV4_ONLY;
  else if (strcmp (kind, "dns6") == 0)
    flags = G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY;
  g_resolver_lookup_by_name_with_flags_async (
      self->resolver, name, flags, job->own, dms_p2p_resolver_on_ips, lookup);
}

static void
dms_p2p_resolver_end (GTask *task)
{
  DmsP2pResolver *self = g_task_get_source_object (task);
  DmsP2pResolution *job = g_task_get_task_data (task);
  const char *text = dms_multiaddr_get_text (job->address);

  if (g_cancellable_is_cancelled (job->cancellable))
    g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_CANCELLED, "resolving “%s” was cancelled", text);
  else if (job->results->len > 0)
    g_task_return_pointer (task, g_steal_pointer (&job->results), (GDestroyNotify) g_ptr_array_unref);
  else if (job->is_timed_out)
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_TIMED_OUT,
                             "the name in “%s” was not resolved within %u ms; check the DNS of this machine",
                             text,
                             self->timeout_ms);
  else if (job->error != NULL)
    {
      /* It is of a name that this one led to. */
      if (strstr (job->error->message, text) == NULL)
        g_prefix_error (&job->error, "“%s” was not resolved: ", text);
      g_task_return_error (task, g_steal_pointer (&job->error));
    }
  else
    g_task_return_new_error (task,
                             DMS_ERROR,
                             DMS_ERROR_NOT_FOUND,
                             "the DNS knows no address for “%s”; check the name, and the peer ID behind it",
                             text);
}

static void
dms_p2p_resolver_go_on (GTask *task)
{
  DmsP2pResolution *job = g_task_get_task_data (task);
  gboolean stop = g_cancellable_is_cancelled (job->own) || job->results->len >= DMS_P2P_RESOLVER_MAX_RESULTS;

  while (!stop && job->n_active < DMS_P2P_RESOLVER_MAX_PARALLEL && !g_queue_is_empty (&job->names))
    {
      DmsP2pName *next = g_queue_pop_head (&job->names);

      dms_p2p_resolver_ask (task, next);
      dms_p2p_name_free (next);
    }
  if (stop && !g_cancellable_is_cancelled (job->own))
    g_cancellable_cancel (job->own);
  /* Answers to what was given up come all the same, soon. */
  if (job->n_active > 0 || job->is_done)
    return;
  job->is_done = TRUE;
  dms_p2p_resolver_end (task);
}

static gboolean
dms_p2p_resolver_on_timeout (gpointer user_data)
{
  DmsP2pResolution *job = user_data;

  job->is_timed_out = TRUE;
  g_cancellable_cancel (job->own);
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_resolver_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DmsP2pResolution *job = user_data;

  g_cancellable_cancel (job->own);
  return G_SOURCE_REMOVE;
}

void
dms_p2p_resolver_resolve_async (DmsP2pResolver *self,
                                DmsMultiaddr *address,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  DmsP2pResolution *job = g_new0 (DmsP2pResolution, 1);

  job->address = dms_multiaddr_ref (address);
  job->results = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  job->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  job->own = g_cancellable_new ();
  g_queue_init (&job->names);
  g_task_set_task_data (task, job, dms_p2p_resolution_free);
  g_task_set_source_tag (task, dms_p2p_resolver_resolve_async);
  if (cancellable != NULL)
    {
      job->cancellable = g_object_ref (cancellable);
      /* As a source, since nothing may be disconnected from inside of a cancellation. */
      job->watch = g_cancellable_source_new (cancellable);
      g_source_set_callback (job->watch, G_SOURCE_FUNC (dms_p2p_resolver_on_cancelled), job, NULL);
      g_source_attach (job->watch, g_task_get_context (task));
    }
  job->timer = g_timeout_source_new (self->timeout_ms);
  g_source_set_callback (job->timer, dms_p2p_resolver_on_timeout, job, NULL);
  g_source_attach (job->timer, g_task_get_context (task));

  if (dms_p2p_resolver_is_name (address))
    dms_p2p_resolver_add_name (job, address, 1);
  else
    dms_p2p_resolver_add_result (job, address);
  dms_p2p_resolver_go_on (task);
}

GPtrArray *
dms_p2p_resolver_resolve_finish (DmsP2pResolver *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
