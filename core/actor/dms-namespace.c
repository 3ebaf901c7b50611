/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-namespace.h"

struct _DmsNamespace
{
  DmsActor *actor;
  GHashTable *behaviours;
  GHashTable *grants;
  GPtrArray *children;
};

/* A child holds its parent; what runs is held by the registry. */
static void
weak_free (gpointer weak)
{
  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
stop_child (gpointer weak, gpointer user_data)
{
  g_autoptr (DmsActor) child = g_weak_ref_get (weak);

  if (child != NULL)
    dms_actor_stop (child);
}

DmsNamespace *
dms_namespace_new (DmsActor *actor)
{
  DmsNamespace *self = g_new0 (DmsNamespace, 1);

  self->actor = actor;
  self->behaviours = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->grants = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->children = g_ptr_array_new_with_free_func (weak_free);
  return self;
}

void
dms_namespace_free (DmsNamespace *self)
{
  GHashTableIter iter;
  gpointer key;

  /* First nobody can call any more, then nobody may. */
  g_hash_table_iter_init (&iter, self->behaviours);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    dms_actor_remove_behaviour (self->actor, key);
  g_ptr_array_foreach (self->children, stop_child, NULL);
  g_hash_table_iter_init (&iter, self->grants);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    dms_security_context_withdraw (dms_actor_get_security (self->actor), key);

  g_hash_table_unref (self->behaviours);
  g_hash_table_unref (self->grants);
  g_ptr_array_unref (self->children);
  g_free (self);
}

void
dms_namespace_add_behaviour (DmsNamespace *self, const char *path)
{
  g_hash_table_add (self->behaviours, g_strdup (path));
}

void
dms_namespace_add_child (DmsNamespace *self, DmsActor *child)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, child);
  g_ptr_array_add (self->children, weak);
}

void
dms_namespace_add_grant (DmsNamespace *self, const char *key)
{
  g_hash_table_add (self->grants, g_strdup (key));
}
