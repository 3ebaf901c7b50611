/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-node.h"
#include "orchestrator/dms-provider-search.h"

#define NETWORK "provider-search"

enum
{
  NAMES = 4,
  /* What is kept of one name; so many names fill the memory of a search. */
  EACH = 40,
};

typedef struct
{
  DmsTestNode *node;
  DmsProviderSearch *search;
  /* DmsTestNode */
  GPtrArray *providers;
  guint n_provided;
  guint n_told;
} Fixture;

static void
on_found (gpointer user_data)
{
  ((Fixture *) user_data)->n_told++;
}

static void
set_up (Fixture *self, gconstpointer user_data)
{
  self->node = dms_test_node_new (NETWORK);
  self->search = dms_provider_search_new (dms_test_node_get_transport (self->node), on_found, self);
  self->providers = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_test_node_free);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  g_clear_pointer (&self->search, dms_provider_search_free);
  dms_test_run (5);
  g_ptr_array_unref (self->providers);
  dms_test_node_free (self->node);
}

static void
on_provided (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (dms_transport_provide_finish (DMS_TRANSPORT (source), result, NULL));
  ((Fixture *) user_data)->n_provided++;
}

static gboolean
all_provided (gpointer user_data)
{
  const Fixture *self = user_data;

  return self->n_provided == self->providers->len;
}

static const char *
provide (Fixture *self, const char *name)
{
  DmsTestNode *node = dms_test_node_new (NETWORK);

  g_ptr_array_add (self->providers, node);
  dms_transport_provide_async (dms_test_node_get_transport (node), name, NULL, on_provided, self);
  dms_test_wait (all_provided, self);
  return dms_handle_get_host (dms_test_node_get_handle (node));
}

static gboolean
is_told (gpointer user_data)
{
  return ((Fixture *) user_data)->n_told > 0;
}

static void
search (Fixture *self, const char *name)
{
  const char *const names[] = { name, NULL };

  self->n_told = 0;
  dms_provider_search_add (self->search, names);
  dms_test_wait (is_told, self);
}

static void
test_gives_each_once (Fixture *self, gconstpointer user_data)
{
  const char *first = provide (self, "a");
  const char *both = provide (self, "a");

  dms_transport_provide_async (
      dms_test_node_get_transport (self->providers->pdata[1]), "b", NULL, on_provided, self);
  dms_test_run (5);
  search (self, "a");
  search (self, "b");
  g_assert_cmpstr (dms_provider_search_take (self->search), ==, both);
  g_assert_cmpstr (dms_provider_search_take (self->search), ==, first);
  g_assert_null (dms_provider_search_take (self->search));
  dms_provider_search_renew (self->search);
  g_assert_nonnull (dms_provider_search_take (self->search));
  g_assert_nonnull (dms_provider_search_take (self->search));
  g_assert_null (dms_provider_search_take (self->search));
}

/* As many false records as a search can keep do not keep the one out that comes later. */
static void
test_false_records_make_room (Fixture *self, gconstpointer user_data)
{
  const char *late = NULL;

  for (guint i = 0; i < NAMES; i++)
    {
      g_autofree char *name = g_strdup_printf ("false%u", i);

      for (guint j = 0; j < EACH; j++)
        provide (self, name);
      search (self, name);
    }
  for (guint i = 0; i < NAMES * EACH; i++)
    g_assert_nonnull (dms_provider_search_take (self->search));
  g_assert_null (dms_provider_search_take (self->search));

  late = provide (self, "late");
  /* Those that have been found in this round stay. */
  search (self, "late");
  g_assert_null (dms_provider_search_take (self->search));

  dms_provider_search_renew (self->search);
  search (self, "late");
  g_assert_cmpstr (dms_provider_search_take (self->search), ==, late);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/provider-search/gives-each-once", Fixture, NULL, set_up, test_gives_each_once, tear_down);
  g_test_add (
      "/provider-search/false-records", Fixture, NULL, set_up, test_false_records_make_room, tear_down);
  return g_test_run ();
}
