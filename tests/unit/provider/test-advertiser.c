/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fixture.h"

#define KEY "nunet-offer-1/executor/null"

typedef struct
{
  GPtrArray *peers;
  gboolean done;
} Search;

static void
on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Search *search = user_data;

  search->peers = dms_transport_find_providers_finish (DMS_TRANSPORT (source), result, NULL);
  search->done = TRUE;
}

static gboolean
is_done (gpointer user_data)
{
  return ((Search *) user_data)->done;
}

/* Whether the other node finds this one. */
static gboolean
is_found (Fixture *f)
{
  Search search = { 0 };
  gboolean found = FALSE;

  dms_transport_find_providers_async (
      dms_test_node_get_transport (f->orchestrator), KEY, 5, NULL, on_found, &search);
  dms_test_wait (is_done, &search);
  for (guint i = 0; search.peers != NULL && i < search.peers->len; i++)
    found = found || g_str_equal (dms_peer_id_get_text (dms_peer_info_get_id (search.peers->pdata[i])),
                                  dms_handle_get_host (dms_test_node_get_handle (f->node)));
  g_clear_pointer (&search.peers, g_ptr_array_unref);
  return found;
}

static gboolean
has_told (gpointer user_data)
{
  return dms_advertiser_get_n_told (dms_provider_get_advertiser (((Fixture *) user_data)->provider)) > 0;
}

static gboolean
has_nothing (gpointer user_data)
{
  g_auto (GStrv) keys =
      dms_advertiser_dup_keys (dms_provider_get_advertiser (((Fixture *) user_data)->provider));

  return keys[0] == NULL;
}

/* Nothing before it is onboarded, nothing after it is offboarded. */
static void
test_follows_onboarding (Fixture *f, gconstpointer data)
{
  g_auto (GStrv) keys = NULL;
  g_autoptr (GError) error = NULL;

  dms_test_run (3500);
  g_assert_true (has_nothing (f));
  g_assert_false (is_found (f));

  fixture_onboard (f);
  dms_test_wait (has_told, f);
  keys = dms_advertiser_dup_keys (dms_provider_get_advertiser (f->provider));
  g_assert_true (g_strv_contains ((const char *const *) keys, KEY));
  g_assert_true (is_found (f));

  g_assert_true (dms_ledger_set_onboarded (dms_provider_get_ledger (f->provider), NULL, &error));
  g_assert_no_error (error);
  dms_test_wait (has_nothing, f);
  g_assert_false (is_found (f));
}

static void
test_can_be_turned_off (Fixture *f, gconstpointer data)
{
  g_assert_true (dms_config_set_override (f->config, "p2p.advertise", "false", NULL));
  fixture_onboard (f);
  dms_test_run (3500);
  g_assert_true (has_nothing (f));
  g_assert_false (is_found (f));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/provider/advertiser/follows-onboarding",
              Fixture,
              NULL,
              fixture_set_up,
              test_follows_onboarding,
              fixture_tear_down);
  g_test_add ("/provider/advertiser/can-be-turned-off",
              Fixture,
              NULL,
              fixture_set_up,
              test_can_be_turned_off,
              fixture_tear_down);
  return g_test_run ();
}
