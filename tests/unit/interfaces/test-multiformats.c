/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <string.h>

static GBytes *
from_hex (const char *hex)
{
  g_autofree char *multibase = g_strconcat ("f", hex, NULL);
  g_autoptr (GError) error = NULL;
  GBytes *bytes = dms_multibase_decode (multibase, &error);

  g_assert_no_error (error);
  return bytes;
}

static char *
to_hex (GBytes *bytes)
{
  g_autofree char *multibase = dms_multibase_encode (DMS_MULTIBASE_BASE16, bytes, NULL);

  return g_strdup (multibase + 1);
}

static void
check_base (DmsMultibase base, const char *data, gsize size, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GBytes) back = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *written = dms_multibase_encode (base, bytes, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (written, ==, text);
  back = dms_multibase_decode (text, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (bytes, back));
}

/* multiformats/multibase, tests/basic.csv and tests/two_leading_zeros.csv. */
static void
test_multibase (void)
{
  static const struct
  {
    DmsMultibase base;
    const char *basic;
    const char *zeros;
  } vectors[] = {
    { DMS_MULTIBASE_BASE16, "f796573206d616e692021", "f0000796573206d616e692021" },
    { DMS_MULTIBASE_BASE16_UPPER, "F796573206D616E692021", "F0000796573206D616E692021" },
    { DMS_MULTIBASE_BASE32, "bpfsxgidnmfxgsibb", "baaahszltebwwc3tjeaqq" },
    { DMS_MULTIBASE_BASE32_UPPER, "BPFSXGIDNMFXGSIBB", "BAAAHSZLTEBWWC3TJEAQQ" },
    { DMS_MULTIBASE_BASE36, "k2lcpzo5yikidynfl", "k002lcpzo5yikidynfl" },
    { DMS_MULTIBASE_BASE58BTC, "z7paNL19xttacUY", "z117paNL19xttacUY" },
    { DMS_MULTIBASE_BASE64, "meWVzIG1hbmkgIQ", "mAAB5ZXMgbWFuaSAh" },
    { DMS_MULTIBASE_BASE64_PAD, "MeWVzIG1hbmkgIQ==", "MAAB5ZXMgbWFuaSAh" },
    { DMS_MULTIBASE_BASE64_URL, "ueWVzIG1hbmkgIQ", "uAAB5ZXMgbWFuaSAh" },
    { DMS_MULTIBASE_BASE64_URL_PAD, "UeWVzIG1hbmkgIQ==", "UAAB5ZXMgbWFuaSAh" },
  };
  static const char longest[193];

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const char prefix[] = { (char) vectors[i].base, '\0' };
      g_autoptr (GBytes) too_long = g_bytes_new_static (longest, sizeof longest);
      g_autoptr (GBytes) long_enough = g_bytes_new_static (longest, sizeof longest - 1);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = dms_multibase_encode (vectors[i].base, long_enough, &error);

      g_assert_no_error (error);
      check_base (vectors[i].base, "yes mani !", 10, vectors[i].basic);
      check_base (vectors[i].base, "\0\0yes mani !", 12, vectors[i].zeros);
      check_base (vectors[i].base, "", 0, prefix);
      check_base (vectors[i].base, longest, sizeof longest - 1, text);
      g_assert_null (dms_multibase_encode (vectors[i].base, too_long, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
    }
}

/* Every length and every byte comes back. */
static void
test_multibase_round (void)
{
  static const DmsMultibase bases[] = {
    DMS_MULTIBASE_BASE16,     DMS_MULTIBASE_BASE16_UPPER,   DMS_MULTIBASE_BASE32, DMS_MULTIBASE_BASE32_UPPER,
    DMS_MULTIBASE_BASE36,     DMS_MULTIBASE_BASE58BTC,      DMS_MULTIBASE_BASE64, DMS_MULTIBASE_BASE64_PAD,
    DMS_MULTIBASE_BASE64_URL, DMS_MULTIBASE_BASE64_URL_PAD,
  };
  guint8 data[192];

  for (gsize size = 0; size <= sizeof data; size++)
    {
      g_autoptr (GBytes) bytes = NULL;

      for (gsize i = 0; i < size; i++)
        data[i] = (guint8) g_test_rand_int ();
      bytes = g_bytes_new (data, size);
      for (gsize i = 0; i < G_N_ELEMENTS (bases); i++)
        {
          g_autofree char *text = dms_multibase_encode (bases[i], bytes, NULL);
          g_autoptr (GBytes) back = dms_multibase_decode (text, NULL);

          g_assert_nonnull (back);
          g_assert_true (g_bytes_equal (bytes, back));
        }
    }
}

/* multiformats/multibase, tests/case_insensitivity.csv. */
static void
test_multibase_case (void)
{
  static const char *const texts[] = {
    "f68656c6c6f20776F726C64", "F68656c6c6f20776F726C64", "bnbswy3dpeB3W64TMMQ",
    "Bnbswy3dpeB3W64TMMQ",     "kfUvrsIvVnfRbjWaJo",      "KfUVrSIVVnFRbJWAJo",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GBytes) bytes = dms_multibase_decode (texts[i], NULL);

      /* Base36 in upper case is not read. */
      if (texts[i][0] == 'K')
        {
          g_assert_null (bytes);
          continue;
        }
      g_assert_nonnull (bytes);
      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "hello world", 11);
    }
}

static void
test_multibase_bad (void)
{
  g_autofree char *long_text = g_strnfill (100000, 'z');
  g_autofree char *zeros = g_strnfill (300, '1');
  const char *bad[] = {
    "",
    "y",
    "9573277761329450583662625",
    "\xf0\x9f\x9a\x80",
    "f0",
    "f0g",
    "f 00",
    "ba",
    "bab",
    "bpfsxgidnmfxgsibb====",
    "bpfsxgidnmfxgsib1",
    "k-",
    "z0",
    "zO",
    "zl",
    "meWVzIG1hbmkgIQ==",
    "mA",
    "mAB",
    "mA-A",
    "mA_A",
    "uA+A",
    "uA/A",
    "MeWVzIG1hbmkgIQ",
    "MeWVzIG1hbmkgIQ=",
    "MA===",
    "M====",
    "MAA=A",
    "UAB==",
    long_text,
    zeros,
  };

  zeros[0] = 'z';
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%.80s", bad[i]);
      g_assert_null (dms_multibase_decode (bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

/* A key has one DID: other bases of the same bytes are other DIDs, of no key. */
static void
test_did_base (void)
{
  guint8 key[32] = { 1, 2, 3 };
  guint8 read[32];
  g_autoptr (DmsDid) did = dms_did_new_for_ed25519 (key);
  g_autoptr (GBytes) bytes = dms_multibase_decode (dms_did_get_uri (did) + strlen ("did:key:"), NULL);
  g_autofree char *base32 = dms_multibase_encode (DMS_MULTIBASE_BASE32, bytes, NULL);
  g_autofree char *uri = g_strconcat ("did:key:", base32, NULL);
  g_autoptr (DmsDid) other = dms_did_new (uri, NULL);

  g_assert_true (dms_did_get_ed25519 (did, read));
  g_assert_cmpmem (key, sizeof key, read, sizeof read);
  g_assert_nonnull (other);
  g_assert_false (dms_did_get_ed25519 (other, read));
}

typedef struct
{
  const char *text;
  const char *hex;
  /* What is written, when that is not the same text. */
  const char *canonical;
} Vector;

#define CERTHASH_HEX "1220c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"
#define CERTHASH     "uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"
#define QM           "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"
#define QM_HEX       "1220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b"
#define ED25519      "12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV"
#define ED25519_HEX  "0024080112202d3de6d16ae87f7a933fe1552162a2d3f04951e90e8051e4ee2c18f002dd0fb4"

/* From go-multiaddr's tests, the rest made by js-multiaddr; `memory`, `http-path` and `unix` after Go,
 * whose text the latter is. */
static const Vector vectors[] = {
  { "/ip4/127.0.0.1/udp/1234", "047f000001910204d2", NULL },
  { "/ip4/127.0.0.1/tcp/4321", "047f0000010610e1", NULL },
  { "/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1", NULL },
  { "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234",
    "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e30304d2",
    NULL },
  { "/onion3/VWW6YBAL4BD7SZMGNCYRUUCPGFKQAHZDDI37KTCEO3AH7NGMCOPNPYYD:01234",
    "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e30304d2",
    "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:1234" },
  { "/ip6/2001:db8::1/tcp/443/tls/sni/example.org/ws",
    "2920010db80000000000000000000000010601bbc003c1030b6578616d706c652e6f7267dd03",
    NULL },
  { "/ip6/2001:0DB8:0::0001/tcp/0443",
    "2920010db80000000000000000000000010601bb",
    "/ip6/2001:db8::1/tcp/443" },
  { "/ip6/::ffff:7f00:1/tcp/111",
    "2900000000000000000000ffff7f00000106006f",
    "/ip6/::ffff:127.0.0.1/tcp/111" },
  { "/ip6zone/eth0/ip6/fe80::1/tcp/1", "2a046574683029fe800000000000000000000000000001060001", NULL },
  { "/ip4/192.0.2.0/ipcidr/24", "04c00002002b18", NULL },
  { "/dns/a.example/tcp/1", "3509612e6578616d706c65060001", NULL },
  { "/dns4/a.example/tcp/443/wss", "3609612e6578616d706c650601bbde03", NULL },
  { "/dns6/a.example/tcp/80/ws", "3709612e6578616d706c65060050dd03", NULL },
  { "/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
    "3813626f6f7473747261702e6c69627032702e696fa50322122006b3608aa000274049eb28ad8e793a26ff6fab281a7d3bd77cd1"
    "8eb74"
    "5dfaabb",
    NULL },
  { "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/" CERTHASH,
    "047f000001910204d2cd03d103d20322" CERTHASH_HEX,
    NULL },
  { "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/zQmbWTwYGcmdyK9CYfNBcfs9nhZs17a6FQ4Y8oea278xx41",
    "047f000001910204d2cd03d103d20322" CERTHASH_HEX,
    "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/" CERTHASH },
  { "/certhash/b2uaraocy6yrdblb4sfptaddgimjmmpy",
    "d20313d501103858f62230ac3c915f300c664312c63f",
    "/certhash/u1QEQOFj2IjCsPJFfMAxmQxLGPw" },
  { "/ip4/1.2.3.4/udp/1/webrtc-direct/certhash/" CERTHASH "/p2p/" ED25519 "/p2p-circuit/webrtc",
    "0401020304910200019802d20322" CERTHASH_HEX "a50326" ED25519_HEX "a2029902",
    NULL },
  { "/ip4/1.2.3.4/tcp/80/http/http-path/tmp%2Fbar", "0401020304060050e003e10307746d702f626172", NULL },
  { "/http-path/%00%ff%2f", "e1030300ff2f", "/http-path/%00%FF%2F" },
  { "/http-path/a%20%62", "e10303612062", "/http-path/a%20b" },
  { "/ip4/1.2.3.4/tcp/443/https", "04010203040601bbbb03", NULL },
  { "/ip4/1.2.3.4/udp/4001/quic/noise", "040102030491020fa1cc03c603", NULL },
  { "/p2p/bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm", "a50322" QM_HEX, "/p2p/" QM },
  { "/p2p/k51qzi5uqu5dhb6l8spkdx7yxafegfkee5by8h7lmjh2ehc2sgg34z7c15vzqs",
    "a50326" ED25519_HEX,
    "/p2p/" ED25519 },
  { "/ipfs/" QM "/tcp/1234", "a50322" QM_HEX "0604d2", "/p2p/" QM "/tcp/1234" },
  { "/ip4/1.2.3.4/tcp/80/unix/a/b",
    "0401020304060050"
    "9003042f612f62",
    NULL },
  { "/unix/stdio/", "9003062f737464696f", "/unix/stdio" },
  { "/memory/4", "89060000000000000004", NULL },
};

static void
test_multiaddr_vectors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const char *canonical = vectors[i].canonical != NULL ? vectors[i].canonical : vectors[i].text;
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) expected = from_hex (vectors[i].hex);
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (vectors[i].text, &error);
      g_autoptr (DmsMultiaddr) back = NULL;
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GBytes) again = NULL;
      g_autofree char *hex = NULL;

      g_assert_no_error (error);
      g_assert_cmpstr (dms_multiaddr_get_text (address), ==, canonical);
      bytes = dms_multiaddr_dup_bytes (address);
      hex = to_hex (bytes);
      g_assert_cmpstr (hex, ==, vectors[i].hex);
      again = dms_multiaddr_dup_bytes (address);
      g_assert_true (g_bytes_equal (bytes, again));
      back = dms_multiaddr_new_from_bytes (expected, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (dms_multiaddr_get_text (back), ==, canonical);
      g_assert_true (dms_multiaddr_equal (address, back));
    }
}

/* No part of a good address that ends inside of a protocol is good. */
static void
test_multiaddr_cut (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GBytes) bytes = from_hex (vectors[i].hex);

      for (gsize size = 0; size < g_bytes_get_size (bytes); size++)
        {
          /* A block of its own, so that reading behind it shows. */
          g_autofree guint8 *copy = g_memdup2 (g_bytes_get_data (bytes, NULL), size);
          g_autoptr (GBytes) part = g_bytes_new (copy, size);
          g_autoptr (GError) error = NULL;
          g_autoptr (DmsMultiaddr) address = dms_multiaddr_new_from_bytes (part, &error);
          g_autoptr (GBytes) back = NULL;

          if (address == NULL)
            {
              g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
              continue;
            }
          back = dms_multiaddr_dup_bytes (address);
          g_assert_true (g_bytes_equal (part, back));
        }
    }
}

static void
test_multiaddr_bad_bytes (void)
{
  static const char *const bad[] = {
    "",
    "00",
    /* No protocol of that code; SCTP, which is not known; a roundabout code; an endless code. */
    "01",
    "84010001",
    "84007f000001",
    "ffffffffffffffffffff01",
    /* ip4, ip6, tcp too short. */
    "047f0000",
    "2900",
    "06ff",
    /* Names: empty, with a slash, with a space, with a NUL, with a letter of another alphabet, longer than
       said. */
    "3500",
    "3503612f62",
    "3503612062",
    "3503610062",
    "3504c3a4c3a4",
    "350461",
    "35ffffffffffffffff7f61",
    /* A peer ID with a length of its own that is wrong (go-multiaddr), of MD5, none. */
    "a503221221c05877cbae039d70a5e600ea02c6f9f2942439285c9e344e26f8d280c850fad6",
    "a50313d501103858f62230ac3c915f300c664312c63f",
    "a50300",
    /* Hashes of certificates: none, with a wrong length. */
    "d20300",
    "d203021220",
    "d20303120100ff",
    /* Paths: empty, not from the root, empty parts, with something behind. */
    "900300",
    "9003012f",
    "90030161",
    "9003022f2f",
    "9003032f612f",
    "9003022f61060050",
    "e10300",
    /* An onion's port 0. */
    "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e3030000",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GBytes) bytes = from_hex (bad[i]);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_multiaddr_new_from_bytes (bytes, &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

/* go-multiaddr's TestConstructFails, of the protocols that are known. */
static void
test_multiaddr_bad_texts (void)
{
  static const char *const bad[] = {
    "/ip4/::/ipcidr/256",
    "/ip6/::/ipcidr/1026",
    "/ip6zone",
    "/ip6zone/",
    "/ip6zone//ip6/fe80::1",
    "/quic/65536",
    "/quic-v1/65536",
    "/onion3/9ww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:80",
    "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd7:80",
    "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:0",
    "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:-1",
    "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd",
    "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyy@:666",
    "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash",
    "/ip4/127.0.0.1/udp/1234/quic-v1/webtransport/certhash/b2uaraocy6yrdblb4sfptaddgimjmmp",
    "/ip4/127.0.0.1/ipfs",
    "/ip4/127.0.0.1/ipfs/tcp",
    "/ip4/127.0.0.1/p2p/tcp",
    "/unix",
    "/ip4/1.2.3.4/tcp/80/unix",
    "/p2p/QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY",
    "/p2p/k2k4r8oqamigqdo6o7hsbfwd45y70oyynp98usk7zmyfrzpqxh1pohl-",
    "/p2p/?unknownmultibase",
    "/p2p/k2jmtxwoe2phm1hbqp0e7nufqf6umvuu2e9qd7ana7h411a0haqj6i2z",
    "/http-path/%",
    "/http-path/%g0",
    "/ip6/fe80::1%eth0",
    "/ip4/010.0.0.1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (dms_multiaddr_new (bad[i], &error));
      g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
    }
}

/* Addresses that never leave the process have no binary form. */
static void
test_multiaddr_memory (void)
{
  static const char *const names[] = { "/memory/hub", "/memory/01", "/memory/18446744073709551616" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (names[i], NULL);

      g_assert_cmpstr (dms_multiaddr_get_text (address), ==, names[i]);
      g_assert_null (dms_multiaddr_dup_bytes (address));
    }
}

static gpointer
read_forms (gpointer data)
{
  DmsMultiaddr *address = data;
  g_autoptr (GBytes) bytes = dms_multiaddr_dup_bytes (address);
  g_autoptr (DmsPeerId) peer = dms_multiaddr_dup_peer_id (address);

  g_assert_cmpuint (g_bytes_get_size (bytes), ==, 1 + 4 + 1 + 2 + 2 + 1 + 38);
  return g_strdup (dms_peer_id_get_text (peer));
}

static gpointer
read_text (gpointer data)
{
  return (gpointer) dms_peer_id_get_text (data);
}

/* Values are read by several threads: a form that is made when it is first wanted is made for all. */
static void
test_forms_in_threads (void)
{
  for (guint round = 0; round < 50; round++)
    {
      g_autoptr (DmsPeerId) peer = dms_peer_id_new (ED25519, NULL);
      g_autofree char *at = g_strconcat ("/ip4/192.0.2.1/tcp/1/p2p/", ED25519, NULL);
      g_autoptr (DmsMultiaddr) address = dms_multiaddr_new (at, NULL);
      GThread *readers[8];

      for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
        readers[i] = g_thread_new (
            "read", i % 2 == 0 ? read_text : read_forms, i % 2 == 0 ? (gpointer) peer : (gpointer) address);
      for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
        {
          char *read = g_thread_join (readers[i]);

          g_assert_cmpstr (read, ==, ED25519);
          if (i % 2 == 0)
            g_assert_true (read == dms_peer_id_get_text (peer));
          else
            g_free (read);
        }
    }
}

/* The bounds on text hold for bytes too. */
static void
test_multiaddr_large (void)
{
  g_autoptr (GByteArray) many = g_byte_array_new ();
  g_autoptr (GByteArray) deep = g_byte_array_new ();
  g_autoptr (GBytes) many_bytes = NULL;
  g_autoptr (GBytes) deep_bytes = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2000; i++)
    g_byte_array_append (many, (const guint8 *) "\x06\x00\x01", 3);
  for (guint i = 0; i < 33; i++)
    g_byte_array_append (deep, (const guint8 *) "\xc0\x03", 2);
  many_bytes = g_bytes_new (many->data, many->len);
  deep_bytes = g_bytes_new (deep->data, deep->len);
  g_assert_null (dms_multiaddr_new_from_bytes (many_bytes, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_null (dms_multiaddr_new_from_bytes (deep_bytes, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/multibase/vectors", test_multibase);
  g_test_add_func ("/multibase/round", test_multibase_round);
  g_test_add_func ("/multibase/case", test_multibase_case);
  g_test_add_func ("/multibase/bad", test_multibase_bad);
  g_test_add_func ("/multibase/did", test_did_base);
  g_test_add_func ("/multiaddr/vectors", test_multiaddr_vectors);
  g_test_add_func ("/multiaddr/cut", test_multiaddr_cut);
  g_test_add_func ("/multiaddr/bad-bytes", test_multiaddr_bad_bytes);
  g_test_add_func ("/multiaddr/bad-texts", test_multiaddr_bad_texts);
  g_test_add_func ("/multiaddr/memory", test_multiaddr_memory);
  g_test_add_func ("/multiaddr/threads", test_forms_in_threads);
  g_test_add_func ("/multiaddr/large", test_multiaddr_large);
  return g_test_run ();
}
