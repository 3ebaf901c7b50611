/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-p2p-zone.h"

struct _DmsP2pZone
{
  GResolver parent_instance;

  /* Name to a GPtrArray of texts. */
  GHashTable *ips;
  /* Name to a GPtrArray of GVariant. */
  GHashTable *texts;
  GHashTable *silent;
  guint n_asked;
};

G_DEFINE_FINAL_TYPE (DmsP2pZone, dms_p2p_zone, G_TYPE_RESOLVER)

static void
dms_p2p_zone_free_ips (gpointer data)
{
  g_resolver_free_addresses (data);
}

static void
dms_p2p_zone_free_records (gpointer data)
{
  g_list_free_full (data, (GDestroyNotify) g_variant_unref);
}

static gboolean
dms_p2p_zone_on_silence_over (GCancellable *cancellable, gpointer user_data)
{
  g_task_return_error_if_cancelled (user_data);
  return G_SOURCE_REMOVE;
}

/* Whether it keeps silent until cancelled. */
static gboolean
dms_p2p_zone_is_silent (DmsP2pZone *self, GTask *task, const char *name)
{
  g_autoptr (GSource) source = NULL;

  self->n_asked++;
  if (!g_hash_table_contains (self->silent, name))
    return FALSE;
  source = g_cancellable_source_new (g_task_get_cancellable (task));
  g_source_set_callback (
      source, G_SOURCE_FUNC (dms_p2p_zone_on_silence_over), g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
  return TRUE;
}

static void
dms_p2p_zone_lookup_by_name_with_flags_async (GResolver *resolver,
                                              const gchar *name,
                                              GResolverNameLookupFlags flags,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data)
{
  DmsP2pZone *self = DMS_P2P_ZONE (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GPtrArray *ips = g_hash_table_lookup (self->ips, name);
  GList *list = NULL;

  if (dms_p2p_zone_is_silent (self, task, name))
    return;
  /* All, whatever was asked for: the caller has to look itself. */
  for (guint i = 0; ips != NULL && i < ips->len; i++)
    list = g_list_append (list, g_inet_address_new_from_string (ips->pdata[i]));
  if (list != NULL)
    g_task_return_pointer (task, list, dms_p2p_zone_free_ips);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no such name as %s", name);
}

/* What GResolver asks without flags. */
static void
dms_p2p_zone_lookup_by_name_async (GResolver *resolver,
                                   const gchar *name,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  dms_p2p_zone_lookup_by_name_with_flags_async (
      resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, user_data);
}

static GList *
dms_p2p_zone_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
dms_p2p_zone_lookup_records_async (GResolver *resolver,
                                   const gchar *name,
                                   GResolverRecordType type,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  DmsP2pZone *self = DMS_P2P_ZONE (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GPtrArray *texts = g_hash_table_lookup (self->texts, name);
  GList *list = NULL;

  g_assert_cmpint (type, ==, G_RESOLVER_RECORD_TXT);
  if (dms_p2p_zone_is_silent (self, task, name))
    return;
  for (guint i = 0; texts != NULL && i < texts->len; i++)
    list = g_list_append (list, g_variant_ref (texts->pdata[i]));
  if (list != NULL)
    g_task_return_pointer (task, list, dms_p2p_zone_free_records);
  else
    g_task_return_new_error (
        task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no such records as %s", name);
}

static void
dms_p2p_zone_finalize (GObject *object)
{
  DmsP2pZone *self = DMS_P2P_ZONE (object);

  g_hash_table_unref (self->ips);
  g_hash_table_unref (self->texts);
  g_hash_table_unref (self->silent);
  G_OBJECT_CLASS (dms_p2p_zone_parent_class)->finalize (object);
}

static void
dms_p2p_zone_class_init (DmsP2pZoneClass *klass)
{
  GResolverClass *resolver = G_RESOLVER_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = dms_p2p_zone_finalize;
  resolver->lookup_by_name_async = dms_p2p_zone_lookup_by_name_async;
  resolver->lookup_by_name_finish = dms_p2p_zone_finish;
  resolver->lookup_by_name_with_flags_async = dms_p2p_zone_lookup_by_name_with_flags_async;
  resolver->lookup_by_name_with_flags_finish = dms_p2p_zone_finish;
  resolver->lookup_records_async = dms_p2p_zone_lookup_records_async;
  resolver->lookup_records_finish = dms_p2p_zone_finish;
}

static void
dms_p2p_zone_init (DmsP2pZone *self)
{
  self->ips = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->texts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->silent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

DmsP2pZone *
dms_p2p_zone_new (void)
{
  return g_object_new (DMS_TYPE_P2P_ZONE, NULL);
}

static void
dms_p2p_zone_add (GHashTable *table, const char *name, gpointer value, GDestroyNotify free_value)
{
  GPtrArray *values = g_hash_table_lookup (table, name);

  if (values == NULL)
    {
      values = g_ptr_array_new_with_free_func (free_value);
      g_hash_table_insert (table, g_strdup (name), values);
    }
  g_ptr_array_add (values, value);
}

void
dms_p2p_zone_add_ip (DmsP2pZone *self, const char *name, const char *ip)
{
  dms_p2p_zone_add (self->ips, name, g_strdup (ip), g_free);
}

void
dms_p2p_zone_add_text (DmsP2pZone *self, const char *name, const char *const *strings)
{
  dms_p2p_zone_add (self->texts,
                    name,
                    g_variant_ref_sink (g_variant_new ("(@as)", g_variant_new_strv (strings, -1))),
                    (GDestroyNotify) g_variant_unref);
}

void
dms_p2p_zone_add_silence (DmsP2pZone *self, const char *name)
{
  g_hash_table_add (self->silent, g_strdup (name));
}

guint
dms_p2p_zone_get_n_asked (DmsP2pZone *self)
{
  return self->n_asked;
}
