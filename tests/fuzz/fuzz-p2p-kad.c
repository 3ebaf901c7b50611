/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "kad/dms-p2p-kad-advertisement.h"
#include "kad/dms-p2p-kad-core.h"
#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-message.h"

/* A world in which nothing happens by itself. */
typedef struct
{
  gint64 now_us;
  guint64 asked;
} World;

static gint64
get_now_us (gpointer user_data)
{
  return ((World *) user_data)->now_us;
}

static gint64
get_time_s (gpointer user_data)
{
  return 1767225600;
}

static void
randomize (void *buffer, gsize size, gpointer user_data)
{
  memset (buffer, 7, size);
}

static void
send_request (guint64 request,
              DmsP2pKadPeer *peer,
              GBytes *message,
              gboolean wants_answer,
              gpointer user_data)
{
  ((World *) user_data)->asked = request;
}

static void
give_up (guint64 request, gpointer user_data)
{
}

static GPtrArray *
dup_addresses (DmsPeerId *peer, gpointer user_data)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  g_ptr_array_add (addresses, dms_multiaddr_new ("/ip4/1.2.3.4/tcp/1", NULL));
  return addresses;
}

static const DmsP2pKadEnvironment environment = {
  .get_now_us = get_now_us,
  .get_time_s = get_time_s,
  .randomize = randomize,
  .send = send_request,
  .give_up = give_up,
  .dup_addresses = dup_addresses,
};

/* What is accepted is within the bounds, and has one form from then on. */
static void
check_message (GBytes *bytes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pKadMessage) message = dms_p2p_kad_message_decode (bytes, &error);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (DmsP2pKadMessage) again = NULL;
  g_autoptr (GBytes) twice = NULL;

  if (message == NULL)
    {
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
      return;
    }
  g_assert_cmpuint (message->closer->len, <=, DMS_P2P_KAD_K);
  g_assert_cmpuint (message->providers->len, <=, DMS_P2P_KAD_MAX_PROVIDERS);
  g_assert_true (message->key == NULL || g_bytes_get_size (message->key) <= DMS_P2P_KAD_MAX_KEY_SIZE);
  written = dms_p2p_kad_message_encode (message);
  again = dms_p2p_kad_message_decode (written, &error);
  g_assert_no_error (error);
  twice = dms_p2p_kad_message_encode (again);
  g_assert_true (g_bytes_equal (written, twice));
}

/* As a request, twice; and as the answer to one of this host's own, of every kind. */
static void
check_core (GBytes *bytes)
{
  static const guint8 own_key[32] = { 1 };
  static const guint8 other_key[32] = { 2 };
  World world = { 0 };
  g_autoptr (DmsPeerId) own = dms_peer_id_new_for_ed25519 (own_key);
  g_autoptr (DmsPeerId) other = dms_peer_id_new_for_ed25519 (other_key);
  g_autoptr (DmsMultiaddr) remote = dms_multiaddr_new ("/ip4/9.8.7.6/tcp/1", NULL);
  g_autoptr (DmsP2pKadCore) core = dms_p2p_kad_core_new (own, &environment, &world);
  g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key ("k", other);
  g_autoptr (GBytes) multihash = dms_peer_id_dup_bytes (other);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GBytes) answer = NULL;
      g_autoptr (GError) error = NULL;
      gboolean taken = dms_p2p_kad_core_handle (core, other, remote, bytes, &answer, &error);

      g_assert_true (taken == (error == NULL));
      if (answer != NULL)
        check_message (answer);
    }
  dms_p2p_kad_core_peer_serves (core, other, remote);
  for (guint kind = 0; kind < 4; kind++)
    {
      if (kind == 0)
        dms_p2p_kad_core_find_peer (core, own, NULL, NULL);
      else if (kind == 1)
        dms_p2p_kad_core_get_value (core, key, 0, NULL, NULL);
      else if (kind == 2)
        dms_p2p_kad_core_find_providers (core, multihash, 5, NULL, NULL);
      else
        dms_p2p_kad_core_provide (core, multihash, NULL, NULL);
      dms_p2p_kad_core_poll (core);
      dms_p2p_kad_core_answered (core, world.asked, bytes, remote);
      world.now_us += 100 * G_USEC_PER_SEC;
      dms_p2p_kad_core_poll (core);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pKadAdvertisement) advertisement = dms_p2p_kad_advertisement_read (bytes, &error);

  g_assert_true ((advertisement == NULL) == (error != NULL));
  check_message (bytes);
  check_core (bytes);
  return 0;
}
