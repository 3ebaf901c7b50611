/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How many receptions, of up to 64 KiB each where the kernel joins datagrams, one call to the kernel makes.
 */
#define DMS_P2P_QUIC_N_RECEPTIONS 8
#define DMS_P2P_QUIC_RECEPTION    65536
/* Calls to the kernel before others of the main loop get their turn. */
#define DMS_P2P_QUIC_MAX_ROUNDS 4
/* quic-go asks for 7 MiB; the kernel gives what net.core.rmem_max allows. */
#define DMS_P2P_QUIC_SOCKET_BUFFER (7 << 20)
#define DMS_P2P_QUIC_CONTROL_SIZE  256

typedef struct
{
  guint8 data[DMS_P2P_QUIC_CONTROL_SIZE];
} __attribute__ ((aligned (16))) DmsP2pQuicControl;

struct _DmsP2pQuicSocket
{
  int fd;
  GSocketFamily family;
  ngtcp2_sockaddr_union address_buffer;
  ngtcp2_addr address;
  gboolean has_segmentation;

  guint8 *buffers;
  struct mmsghdr messages[DMS_P2P_QUIC_N_RECEPTIONS];
  struct iovec vectors[DMS_P2P_QUIC_N_RECEPTIONS];
  DmsP2pQuicControl controls[DMS_P2P_QUIC_N_RECEPTIONS];
  ngtcp2_sockaddr_union remotes[DMS_P2P_QUIC_N_RECEPTIONS];

  /* What the kernel did not take. */
  guint8 *kept;
  gsize kept_size;
  gsize kept_segment;
  ngtcp2_path_storage kept_path;
  guint32 kept_ecn;
};

static gboolean
dms_p2p_quic_socket_set (int fd, int level, int option, int value)
{
  return setsockopt (fd, level, option, &value, sizeof value) == 0;
}

static void
dms_p2p_quic_socket_configure (DmsP2pQuicSocket *self)
{
  int fd = self->fd;

  dms_p2p_quic_socket_set (fd, SOL_SOCKET, SO_RCVBUF, DMS_P2P_QUIC_SOCKET_BUFFER);
  dms_p2p_quic_socket_set (fd, SOL_SOCKET, SO_SNDBUF, DMS_P2P_QUIC_SOCKET_BUFFER);
  if (self->family == G_SOCKET_FAMILY_IPV6)
    {
      dms_p2p_quic_socket_set (fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
      dms_p2p_quic_socket_set (fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
      dms_p2p_quic_socket_set (fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
      /* RFC 9000 section 14: never fragmented; ngtcp2 finds the largest size itself. */
      dms_p2p_quic_socket_set (fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    }
  else
    {
      dms_p2p_quic_socket_set (fd, IPPROTO_IP, IP_PKTINFO, 1);
      dms_p2p_quic_socket_set (fd, IPPROTO_IP, IP_RECVTOS, 1);
      dms_p2p_quic_socket_set (fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    }
  self->has_segmentation = dms_p2p_quic_socket_set (fd, SOL_UDP, UDP_SEGMENT, 0);
  dms_p2p_quic_socket_set (fd, SOL_UDP, UDP_GRO, 1);
}

static void
dms_p2p_quic_socket_set_up_receptions (DmsP2pQuicSocket *self)
{
  self->buffers = g_malloc ((gsize) DMS_P2P_QUIC_N_RECEPTIONS * DMS_P2P_QUIC_RECEPTION);
  for (guint i = 0; i < DMS_P2P_QUIC_N_RECEPTIONS; i++)
    {
      struct msghdr *header = &self->messages[i].msg_hdr;

      self->vectors[i].iov_base = self->buffers + (gsize) i * DMS_P2P_QUIC_RECEPTION;
      self->vectors[i].iov_len = DMS_P2P_QUIC_RECEPTION;
      header->msg_name = &self->remotes[i];
      header->msg_iov = &self->vectors[i];
      header->msg_iovlen = 1;
      header->msg_control = &self->controls[i];
    }
}

DmsP2pQuicSocket *
dms_p2p_quic_socket_new (GInetSocketAddress *address, GError **error)
{
  g_autoptr (DmsP2pQuicSocket) self = g_new0 (DmsP2pQuicSocket, 1);
  g_autofree char *text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  struct sockaddr_storage native = { 0 };
  socklen_t length = (socklen_t) g_socket_address_get_native_size (G_SOCKET_ADDRESS (address));

  self->fd = -1;
  self->family = g_socket_address_get_family (G_SOCKET_ADDRESS (address));
  if (!g_socket_address_to_native (G_SOCKET_ADDRESS (address), &native, sizeof native, NULL))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "%s is no address for a UDP socket", text);
      return NULL;
    }
  self->fd = socket (native.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd >= 0)
    dms_p2p_quic_socket_configure (self);
  if (self->fd < 0 || bind (self->fd, (struct sockaddr *) &native, length) != 0)
    {
      int code = errno;

      g_set_error (error,
                   DMS_ERROR,
                   code == EADDRINUSE ? DMS_ERROR_ALREADY_EXISTS : DMS_ERROR_IO,
                   "cannot listen on UDP %s: %s; choose another address or port",
                   text,
                   g_strerror (code));
      return NULL;
    }
  length = sizeof self->address_buffer;
  if (getsockname (self->fd, &self->address_buffer.sa, &length) != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "the address of a UDP socket: %s", g_strerror (errno));
      return NULL;
    }
  ngtcp2_addr_init (&self->address, &self->address_buffer.sa, length);
  dms_p2p_quic_socket_set_up_receptions (self);
  return g_steal_pointer (&self);
}

void
dms_p2p_quic_socket_free (DmsP2pQuicSocket *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->buffers);
  g_free (self->kept);
  g_free (self);
}

void
dms_p2p_quic_socket_forgo_segmentation (DmsP2pQuicSocket *self)
{
  self->has_segmentation = FALSE;
}

int
dms_p2p_quic_socket_get_fd (DmsP2pQuicSocket *self)
{
  return self->fd;
}

const ngtcp2_addr *
dms_p2p_quic_socket_get_address (DmsP2pQuicSocket *self)
{
  return &self->address;
}

/* Reads the address a datagram came to, its congestion mark, and the size of joined datagrams. */
static gsize
dms_p2p_quic_socket_read_control (DmsP2pQuicSocket *self,
                                  struct msghdr *header,
                                  ngtcp2_sockaddr_union *local,
                                  ngtcp2_pkt_info *info)
{
  gsize segment = 0;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    {
      const void *data = CMSG_DATA (c);

      if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
        local->in.sin_addr = ((const struct in_pktinfo *) data)->ipi_addr;
      else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
        {
          local->in6.sin6_addr = ((const struct in6_pktinfo *) data)->ipi6_addr;
          if (IN6_IS_ADDR_LINKLOCAL (&local->in6.sin6_addr))
            local->in6.sin6_scope_id = ((const struct in6_pktinfo *) data)->ipi6_ifindex;
        }
      else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
        info->ecn = *(const guint8 *) data & NGTCP2_ECN_MASK;
      else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
        info->ecn = (guint32) (*(const int *) data & NGTCP2_ECN_MASK);
      else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
        segment = (gsize) * (const int *) data;
    }
  return segment;
}

static void
dms_p2p_quic_socket_hand_over (DmsP2pQuicSocket *self,
                               struct mmsghdr *message,
                               DmsP2pQuicDatagram handler,
                               gpointer user_data)
{
  struct msghdr *header = &message->msg_hdr;
  const guint8 *data = header->msg_iov->iov_base;
  gsize size = message->msg_len;
  ngtcp2_sockaddr_union local = self->address_buffer;
  ngtcp2_pkt_info info = { 0 };
  ngtcp2_path path = { { &local.sa, self->address.addrlen },
                       { header->msg_name, header->msg_namelen },
                       NULL };
  gsize segment = dms_p2p_quic_socket_read_control (self, header, &local, &info);

  if (header->msg_flags & MSG_TRUNC)
    return;
  if (segment == 0)
    segment = size;
  while (size > 0)
    {
      gsize n = MIN (segment, size);

      handler (&path, &info, data, n, user_data);
      data += n;
      size -= n;
    }
}

void
dms_p2p_quic_socket_receive (DmsP2pQuicSocket *self, DmsP2pQuicDatagram handler, gpointer user_data)
{
  for (guint round = 0; round < DMS_P2P_QUIC_MAX_ROUNDS; round++)
    {
      int n = 0;

      for (guint i = 0; i < DMS_P2P_QUIC_N_RECEPTIONS; i++)
        {
          self->messages[i].msg_hdr.msg_namelen = sizeof (ngtcp2_sockaddr_union);
          self->messages[i].msg_hdr.msg_controllen = sizeof (DmsP2pQuicControl);
        }
      n = recvmmsg (self->fd, self->messages, DMS_P2P_QUIC_N_RECEPTIONS, MSG_DONTWAIT, NULL);
      for (int i = 0; i < n; i++)
        dms_p2p_quic_socket_hand_over (self, &self->messages[i], handler, user_data);
      if (n < DMS_P2P_QUIC_N_RECEPTIONS)
        return;
    }
}

static struct cmsghdr *
dms_p2p_quic_socket_add_control (struct msghdr *header,
                                 struct cmsghdr *previous,
                                 int level,
                                 int type,
                                 const void *data,
                                 gsize size)
{
  struct cmsghdr *c = previous == NULL ? CMSG_FIRSTHDR (header) : CMSG_NXTHDR (header, previous);

  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN (size);
  memcpy (CMSG_DATA (c), data, size);
  return c;
}

static gssize
dms_p2p_quic_socket_send_once (DmsP2pQuicSocket *self,
                               const ngtcp2_path *path,
                               guint32 ecn,
                               const guint8 *data,
                               gsize size,
                               gsize segment)
{
  DmsP2pQuicControl control = { 0 };
  struct iovec vector = { (void *) data, size };
  struct msghdr header = { .msg_name = path->remote.addr,
                           .msg_namelen = path->remote.addrlen,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control };
  struct cmsghdr *last = NULL;
  gsize used = 0;
  int mark = (int) ecn;
  gssize n = 0;

  if (self->family == G_SOCKET_FAMILY_IPV6)
    {
      const ngtcp2_sockaddr_in6 *local = (const ngtcp2_sockaddr_in6 *) path->local.addr;
      struct in6_pktinfo from = { .ipi6_addr = local->sin6_addr, .ipi6_ifindex = local->sin6_scope_id };

      last = dms_p2p_quic_socket_add_control (&header, NULL, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof from);
      used += CMSG_SPACE (sizeof from);
    }
  else
    {
      struct in_pktinfo from = { .ipi_spec_dst = ((const ngtcp2_sockaddr_in *) path->local.addr)->sin_addr };

      last = dms_p2p_quic_socket_add_control (&header, NULL, IPPROTO_IP, IP_PKTINFO, &from, sizeof from);
      used += CMSG_SPACE (sizeof from);
    }
  if (mark != 0)
    {
      gboolean is_v6 = self->family == G_SOCKET_FAMILY_IPV6;

      last = dms_p2p_quic_socket_add_control (
          &header, last, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_TCLASS : IP_TOS, &mark, sizeof mark);
      used += CMSG_SPACE (sizeof mark);
    }
  if (segment < size)
    {
      guint16 segment_size = (guint16) segment;

      dms_p2p_quic_socket_add_control (
          &header, last, SOL_UDP, UDP_SEGMENT, &segment_size, sizeof segment_size);
      used += CMSG_SPACE (sizeof segment_size);
    }
  header.msg_controllen = used;
  do
    n = sendmsg (self->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

/* How many bytes are done with, be they sent or lost. */
static gsize
dms_p2p_quic_socket_try_send (DmsP2pQuicSocket *self,
                              const ngtcp2_path *path,
                              guint32 ecn,
                              const guint8 *data,
                              gsize size,
                              gsize segment)
{
  gsize done = 0;

  while (done < size)
    {
      gsize n = self->has_segmentation ? size - done : MIN (segment, size - done);

      if (dms_p2p_quic_socket_send_once (self, path, ecn, data + done, n, segment) >= 0)
        {
          done += n;
          continue;
        }
      if (errno == EAGAIN || errno == ENOBUFS)
        return done;
      if (n > segment && (errno == EINVAL || errno == EIO || errno == ENOTSUP))
        {
          /* The kernel knows the option, but the interface does not, or not for this size. */
          self->has_segmentation = FALSE;
          continue;
        }
      /* Too large for the path, no route, a firewall: to QUIC all this is loss. */
      done += n;
    }
  return done;
}

gboolean
dms_p2p_quic_socket_send (DmsP2pQuicSocket *self,
                          const ngtcp2_path *path,
                          guint32 ecn,
                          const guint8 *data,
                          gsize size,
                          gsize segment)
{
  gsize done = 0;

  if (self->kept != NULL)
    return FALSE;
  done = dms_p2p_quic_socket_try_send (self, path, ecn, data, size, segment);
  if (done == size)
    return TRUE;
  self->kept = g_memdup2 (data + done, size - done);
  self->kept_size = size - done;
  self->kept_segment = segment;
  self->kept_ecn = ecn;
  ngtcp2_path_storage_init (
      &self->kept_path, path->local.addr, path->local.addrlen, path->remote.addr, path->remote.addrlen, NULL);
  return FALSE;
}

gboolean
dms_p2p_quic_socket_is_blocked (DmsP2pQuicSocket *self)
{
  return self->kept != NULL;
}

gboolean
dms_p2p_quic_socket_resume (DmsP2pQuicSocket *self)
{
  g_autofree guint8 *data = g_steal_pointer (&self->kept);
  ngtcp2_path_storage path;

  if (data == NULL)
    return TRUE;
  ngtcp2_path_storage_init (&path,
                            self->kept_path.path.local.addr,
                            self->kept_path.path.local.addrlen,
                            self->kept_path.path.remote.addr,
                            self->kept_path.path.remote.addrlen,
                            NULL);
  return dms_p2p_quic_socket_send (
      self, &path.path, self->kept_ecn, data, self->kept_size, self->kept_segment);
}

gboolean
dms_p2p_quic_socket_find_local (DmsP2pQuicSocket *self,
                                const ngtcp2_addr *remote,
                                ngtcp2_sockaddr_union *local,
                                GError **error)
{
  int fd = socket (remote->addr->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ngtcp2_sockaddr_union found = { 0 };
  socklen_t length = sizeof found;
  int code = 0;

  /* Connecting a UDP socket sends nothing: it asks the kernel for the route. */
  if (fd < 0 || connect (fd, remote->addr, remote->addrlen) != 0 || getsockname (fd, &found.sa, &length) != 0)
    code = errno;
  if (fd >= 0)
    close (fd);
  if (code != 0)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_UNAVAILABLE, "no way to the peer: %s", g_strerror (code));
      return FALSE;
    }
  *local = self->address_buffer;
  if (self->family == G_SOCKET_FAMILY_IPV6 && IN6_IS_ADDR_UNSPECIFIED (&local->in6.sin6_addr))
    {
      local->in6.sin6_addr = found.in6.sin6_addr;
      local->in6.sin6_scope_id = found.in6.sin6_scope_id;
    }
  else if (self->family == G_SOCKET_FAMILY_IPV4 && local->in.sin_addr.s_addr == htonl (INADDR_ANY))
    local->in.sin_addr = found.in.sin_addr;
  return TRUE;
}
