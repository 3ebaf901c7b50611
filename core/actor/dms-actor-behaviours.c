/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-actor-internal.h"

/* What an actor answers to: directly, and to the topics of broadcasts. */

static gboolean
is_expired (gpointer path, gpointer behaviour, gpointer user_data)
{
  return dms_behaviour_is_expired (behaviour, *(guint64 *) user_data);
}

static gboolean
remove_broadcast (DmsActor *self, const char *path)
{
  DmsBehaviour *behaviour = g_hash_table_lookup (self->broadcasts, path);

  if (behaviour == NULL)
    return FALSE;
  if (self->running)
    dms_actor_registry_unlisten (self->registry, dms_behaviour_get_topic (behaviour));
  return g_hash_table_remove (self->broadcasts, path);
}

void
dms_actor_add_behaviour_full (DmsActor *self,
                              const char *path,
                              DmsBehaviourFlags flags,
                              const char *capability,
                              const char *topic,
                              guint64 expiry_ns,
                              DmsBehaviourFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  DmsBehaviour *behaviour;
  guint64 now = dms_actor_now_ns ();

  g_return_if_fail ((flags & DMS_BEHAVIOUR_BROADCAST) == 0 || topic != NULL);

  behaviour = dms_behaviour_new (path, flags, capability, topic, expiry_ns, func, user_data, destroy);
  if (expiry_ns != 0)
    g_hash_table_foreach_remove (self->behaviours, is_expired, &now);
  if ((flags & DMS_BEHAVIOUR_BROADCAST) == 0)
    {
      g_hash_table_replace (self->behaviours, g_strdup (path), behaviour);
      return;
    }
  remove_broadcast (self, path);
  g_hash_table_replace (self->broadcasts, g_strdup (path), behaviour);
  if (self->running)
    dms_actor_registry_listen (self->registry, topic);
}

void
dms_actor_add_behaviour (DmsActor *self,
                         const char *path,
                         DmsBehaviourFlags flags,
                         DmsBehaviourFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  dms_actor_add_behaviour_full (self, path, flags, NULL, NULL, 0, func, user_data, destroy);
}

void
dms_actor_add_broadcast (DmsActor *self,
                         const char *path,
                         const char *topic,
                         DmsBehaviourFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  dms_actor_add_behaviour_full (self, path, DMS_BEHAVIOUR_BROADCAST, NULL, topic, 0, func, user_data,
                                destroy);
}

void
dms_actor_set_denied_handler (DmsActor *self, const char *path, DmsBehaviourFunc func, gpointer user_data)
{
  g_free (self->denied_path);
  self->denied_path = g_strdup (path);
  self->denied_func = func;
  self->denied_data = user_data;
}

gboolean
dms_actor_remove_behaviour (DmsActor *self, const char *path)
{
  g_autofree char *kept = g_strdup (path);
  gboolean direct = g_hash_table_remove (self->behaviours, kept);

  return remove_broadcast (self, kept) || direct;
}

gboolean
dms_actor_has_behaviour (DmsActor *self, const char *path)
{
  return g_hash_table_contains (self->behaviours, path) || g_hash_table_contains (self->broadcasts, path);
}

GStrv
dms_actor_dup_behaviours (DmsActor *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, self->behaviours);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    g_strv_builder_add (builder, path);
  g_hash_table_iter_init (&iter, self->broadcasts);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    if (!g_hash_table_contains (self->behaviours, path))
      g_strv_builder_add (builder, path);
  return g_strv_builder_end (builder);
}

void
dms_actor_listen (DmsActor *self, gboolean listen)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->broadcasts);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const char *topic = dms_behaviour_get_topic (value);

      if (listen)
        dms_actor_registry_listen (self->registry, topic);
      else
        dms_actor_registry_unlisten (self->registry, topic);
    }
}
