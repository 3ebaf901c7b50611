/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "mdns/dms-p2p-mdns-message.h"

#define SERVICE "_p2p._udp.local"
#define PEER    "12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3"
#define NAME    "abcdefghijklmnopqrstuvwxyz012345"
#define ADDRESS "/ip4/192.168.1.7/tcp/9000/p2p/" PEER

/* A message by hand: texts between bytes. */
#define QUERY_HEAD    "\0\0\0\0\0\1\0\0\0\0\0\0"
#define RESPONSE_HEAD "\0\0\x84\0\0\0\0\1\0\0\0\0"
#define WIRE_SERVICE  "\4_p2p\4_udp\5local\0"

static DmsP2pMdnsMessage *
parse (const void *data, gsize size)
{
  /* Exactly so long, for the sanitizer. */
  g_autofree guint8 *copy = g_memdup2 (data, size);

  return dms_p2p_mdns_message_parse (copy, size, SERVICE);
}

static GPtrArray *
make_addresses (const char *const *texts)
{
  GPtrArray *addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);

  for (guint i = 0; texts[i] != NULL; i++)
    {
      DmsMultiaddr *address = dms_multiaddr_new (texts[i], NULL);

      g_assert_nonnull (address);
      g_ptr_array_add (addresses, address);
    }
  return addresses;
}

static void
test_query (void)
{
  static const char expected[] = QUERY_HEAD WIRE_SERVICE "\0\x0c\0\1";
  g_autoptr (GByteArray) query = dms_p2p_mdns_message_make_query (SERVICE);
  g_autoptr (DmsP2pMdnsMessage) message = parse (query->data, query->len);
  g_autoptr (DmsP2pMdnsMessage) other =
      dms_p2p_mdns_message_parse (query->data, query->len, "_p2p-00._udp.local");

  g_assert_cmpmem (query->data, query->len, expected, sizeof expected - 1);
  g_assert_nonnull (message);
  g_assert_true (message->is_query);
  g_assert_cmpuint (message->addresses->len, ==, 0);
  g_assert_nonnull (other);
  g_assert_false (other->is_query);
}

static void
test_response (void)
{
  static const char *const texts[] = { ADDRESS, "/ip6/fd00::7/udp/9000/quic-v1/p2p/" PEER, NULL };
  g_autoptr (GPtrArray) addresses = make_addresses (texts);
  g_autoptr (GByteArray) response = dms_p2p_mdns_message_make_response (SERVICE, NAME, addresses);
  g_autoptr (DmsP2pMdnsMessage) message = parse (response->data, response->len);
  g_autoptr (DmsP2pMdnsMessage) other =
      dms_p2p_mdns_message_parse (response->data, response->len, "_p2p-00._udp.local");

  g_assert_nonnull (message);
  g_assert_false (message->is_query);
  g_assert_cmpuint (message->addresses->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (dms_multiaddr_get_text (message->addresses->pdata[i]), ==, texts[i]);
  g_assert_nonnull (other);
  g_assert_cmpuint (other->addresses->len, ==, 0);
}

/* Cut anywhere it is refused, or at least nothing is read past its end. */
static void
test_truncated (void)
{
  static const char *const texts[] = { ADDRESS, NULL };
  g_autoptr (GPtrArray) addresses = make_addresses (texts);
  g_autoptr (GByteArray) response = dms_p2p_mdns_message_make_response (SERVICE, NAME, addresses);

  for (guint i = 0; i < response->len; i++)
    g_assert_null (parse (response->data, i));
}

/* As other implementations write it: names that point back, other records around, case as it comes. */
static void
test_compressed (void)
{
  static const char head[] =
      "\0\0\x84\0\0\0\0\1\0\0\0\2\4_P2P\4_udp\5LOCAL\0\0\x0c\0\1\0\0\0\x78\0\5\2ab\xc0\x0c"
      "\3foo\xc0\x1c\0\1\0\1\0\0\0\x78\0\4\1\2\3\4"
      "\2ab\xc0\x0c\0\x10\x80\1\0\0\0\x78\0";
  char packet[sizeof head + 200];
  const char *text = "dnsaddr=" ADDRESS;
  gsize size = sizeof head - 1;
  g_autoptr (DmsP2pMdnsMessage) message = NULL;

  memcpy (packet, head, size);
  packet[size++] = (char) (strlen (text) + 1 + 4);
  memcpy (packet + size, "\3x=y", 4);
  size += 4;
  packet[size++] = (char) strlen (text);
  memcpy (packet + size, text, strlen (text));
  size += strlen (text);
  message = parse (packet, size);
  g_assert_nonnull (message);
  g_assert_cmpuint (message->addresses->len, ==, 1);
  g_assert_cmpstr (dms_multiaddr_get_text (message->addresses->pdata[0]), ==, ADDRESS);
}

static void
check_refused (const char *data, gsize size)
{
  g_autoptr (DmsP2pMdnsMessage) message = parse (data, size);

  g_assert_null (message);
}

static void
test_hostile (void)
{
  g_autofree char *big = g_malloc0 (DMS_P2P_MDNS_MAX_SIZE + 1);
  char deep[12 + 600];

  check_refused ("", 0);
  /* Names: a pointer to itself, forward, past the end, a reserved kind of label, no end, cut. */
  check_refused (QUERY_HEAD "\xc0\x0c\0\x0c\0\1", 18);
  check_refused (QUERY_HEAD "\xc0\x10\0\x0c\0\1", 18);
  check_refused (QUERY_HEAD "\xff\xff\0\x0c\0\1", 18);
  check_refused (QUERY_HEAD "\x40g\0\x0c\0\1", 18);
  check_refused (QUERY_HEAD "\4_p2p", 17);
  check_refused (QUERY_HEAD "\xc0", 13);
  /* A loop of two. */
  check_refused (QUERY_HEAD "\1a\xc0\x0c\0\x0c\0\1", 20);
  /* A name that is too long. */
  memcpy (deep, QUERY_HEAD, 12);
  for (gsize i = 12; i + 1 < sizeof deep; i += 2)
    memcpy (deep + i, "\1a", 2);
  deep[sizeof deep - 1] = 0;
  check_refused (deep, sizeof deep);
  /* More records than there are, or than anybody sends; another opcode, an error. */
  check_refused ("\0\0\0\0\0\2\0\0\0\0\0\0" WIRE_SERVICE "\0\x0c\0\1", 12 + 17 + 4);
  check_refused ("\0\0\x84\0\0\0\xff\xff\xff\xff\xff\xff", 12);
  check_refused ("\0\0\x28\0\0\0\0\0\0\0\0\0", 12);
  check_refused ("\0\0\x84\3\0\0\0\0\0\0\0\0", 12);
  /* A string of the TXT record that is longer than the record. */
  check_refused (RESPONSE_HEAD "\1a" WIRE_SERVICE "\0\x10\0\1\0\0\0\x78\0\3\3ab", 12 + 2 + 17 + 10 + 3);
  check_refused (big, DMS_P2P_MDNS_MAX_SIZE + 1);
}

/* A record of texts with these in it. */
static guint
count_taken (const char *const *texts, guint repeat)
{
  g_autoptr (GByteArray) packet = g_byte_array_new ();
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (DmsP2pMdnsMessage) message = NULL;
  guint8 size[2];

  for (guint n = 0; n < repeat; n++)
    for (guint i = 0; texts[i] != NULL; i++)
      {
        guint8 length = (guint8) strlen (texts[i]);

        g_byte_array_append (data, &length, 1);
        g_byte_array_append (data, (const guint8 *) texts[i], length);
      }
  size[0] = (guint8) (data->len >> 8);
  size[1] = (guint8) data->len;
  g_byte_array_append (
      packet, (const guint8 *) RESPONSE_HEAD "\1a" WIRE_SERVICE "\0\x10\0\1\0\0\0\x78", 12 + 2 + 17 + 8);
  g_byte_array_append (packet, size, 2);
  g_byte_array_append (packet, data->data, data->len);
  message = parse (packet->data, packet->len);
  g_assert_nonnull (message);
  return message->addresses->len;
}

static void
test_texts (void)
{
  static const char *const none[] = { "dnsaddr=",
                                      "dnsaddr=nonsense",
                                      "dnsaddr=/ip4/192.168.1.7/tcp/9000",
                                      "dnsaddr=/ip4/999.1.1.1/tcp/1/p2p/" PEER,
                                      "DNSADDR=" ADDRESS,
                                      "x",
                                      "",
                                      NULL };
  static const char *const one[] = { "dnsaddr=" ADDRESS, NULL };

  g_assert_cmpuint (count_taken (none, 1), ==, 0);
  g_assert_cmpuint (count_taken (one, 1), ==, 1);
  g_assert_cmpuint (count_taken (one, 80), ==, DMS_P2P_MDNS_MAX_ADDRESSES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/p2p-mdns-message/query", test_query);
  g_test_add_func ("/p2p-mdns-message/response", test_response);
  g_test_add_func ("/p2p-mdns-message/truncated", test_truncated);
  g_test_add_func ("/p2p-mdns-message/compressed", test_compressed);
  g_test_add_func ("/p2p-mdns-message/hostile", test_hostile);
  g_test_add_func ("/p2p-mdns-message/texts", test_texts);
  return g_test_run ();
}
