/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "dms-quic-fixture.h"

static void
test_echo (DmsQuicFixture *self, gconstpointer listen_address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsP2pPipe) pipe = NULL;
  DmsP2pPipe *other = NULL;
  char buffer[64];

  dms_quic_fixture_connect (self);
  pipe = dms_quic_fixture_open (self, &other);
  dms_quic_write_all (pipe, "hello", 5);
  g_assert_cmpuint (dms_quic_read_all (other, buffer, 5, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, 5, "hello", 5);
  dms_quic_write_all (other, "hello yourself", 14);
  g_assert_cmpuint (dms_quic_read_all (pipe, buffer, 14, &error), ==, 14);
  g_assert_cmpmem (buffer, 14, "hello yourself", 14);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/p2p-quic/connect/echo-ip4",
              DmsQuicFixture,
              NULL,
              dms_quic_fixture_set_up,
              test_echo,
              dms_quic_fixture_tear_down);
  return g_test_run ();
}
