/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "fuzz.h"

#include <string.h>

#include "message/dms-p2p-message-frame.h"

/* NULL when it is refused or not complete; @used says how much was taken. */
static GBytes *
feed (const guint8 *data, gsize size, gsize piece, gsize *used)
{
  g_autoptr (DmsP2pMessageFrame) frame = dms_p2p_message_frame_new ();

  *used = 0;
  while (*used < size && !dms_p2p_message_frame_is_complete (frame))
    {
      g_autoptr (GError) error = NULL;
      gsize room = 0;
      void *space = dms_p2p_message_frame_get_space (frame, &room);
      gsize n = MIN (MIN (room, piece), size - *used);

      g_assert_cmpuint (room, >, 0);
      memcpy (space, data + *used, n);
      *used += n;
      if (!dms_p2p_message_frame_advance (frame, n, &error))
        {
          g_assert_true (error->domain == DMS_ERROR);
          return NULL;
        }
      g_assert_cmpuint (dms_p2p_message_frame_get_memory (frame), <=, MAX (4096, 2 * *used));
    }
  return dms_p2p_message_frame_is_complete (frame) ? dms_p2p_message_frame_take (frame) : NULL;
}

/* The first byte says in which pieces the rest comes. How it comes makes no difference, and a message that is
 * taken is what was framed. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) in_pieces = NULL;
  g_autoptr (GBytes) at_once = NULL;
  gsize used_pieces = 0;
  gsize used_once = 0;
  guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE];

  if (size == 0)
    return 0;
  in_pieces = feed (data + 1, size - 1, MAX (data[0], 1), &used_pieces);
  at_once = feed (data + 1, size - 1, size, &used_once);
  g_assert_cmpint (in_pieces == NULL, ==, at_once == NULL);
  if (at_once == NULL)
    return 0;
  g_assert_cmpuint (used_pieces, ==, used_once);
  g_assert_true (g_bytes_equal (in_pieces, at_once));
  dms_p2p_message_frame_write_prefix (prefix, g_bytes_get_size (at_once));
  g_assert_cmpmem (prefix, sizeof prefix, data + 1, sizeof prefix);
  g_assert_cmpmem (g_bytes_get_data (at_once, NULL),
                   g_bytes_get_size (at_once),
                   data + 1 + sizeof prefix,
                   used_once - sizeof prefix);
  return 0;
}
