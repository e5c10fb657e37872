// asio_net.hpp - which Asio it is: standalone (from 1.20 on), or Boost's (from 1.77 on) where POSTRIDER_BOOST_ASIO is defined.
//
// A program may use both, in different files: what is made of the one has another name to the linker than what is made of the
// other.
#ifndef POSTRIDER_ASIO_NET_HPP
#define POSTRIDER_ASIO_NET_HPP

#ifdef POSTRIDER_BOOST_ASIO
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#define POSTRIDER_ASIO_BEGIN                                                                                           \
    inline namespace with_boost {                                                                                      \
    namespace net = ::boost::asio;
#else
#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/compose.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#define POSTRIDER_ASIO_BEGIN                                                                                           \
    inline namespace with_asio {                                                                                       \
    namespace net = ::asio;
#endif
#define POSTRIDER_ASIO_END } // namespace with_...

#endif
