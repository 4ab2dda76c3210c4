// An SCR client as the manual describes it, naive and blocking: one socket, one answer for each state.
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;

public class Client {
    static DatagramSocket channel;
    static InetAddress server;
    static int port = 3001;

    static void send(String text) throws Exception {
        byte[] data = text.getBytes("US-ASCII");
        channel.send(new DatagramPacket(data, data.length, server, port));
    }

    static String receive() throws Exception {
        byte[] data = new byte[1024];
        DatagramPacket packet = new DatagramPacket(data, data.length);
        channel.receive(packet);
        return new String(data, 0, packet.getLength(), "US-ASCII");
    }

    static double value(String state, String tag) {
        int start = state.indexOf("(" + tag + " ") + tag.length() + 2;
        return Double.parseDouble(state.substring(start, state.indexOf(")", start)));
    }

    public static void main(String[] words) throws Exception {
        int steps = 0;
        for (String word : words) {
            if (word.startsWith("port:")) port = Integer.parseInt(word.substring(5));
            if (word.startsWith("maxSteps:")) steps = Integer.parseInt(word.substring(9));
        }
        server = InetAddress.getByName("localhost");
        channel = new DatagramSocket();
        channel.setSoTimeout(1000);
        StringBuilder hello = new StringBuilder("SCR(init");
        for (int i = 0; i < 19; i++) hello.append(" ").append(-90 + 10 * i);
        hello.append(")");
        boolean identified = false;
        while (!identified) {
            send(hello.toString());
            try {
                identified = receive().contains("***identified***");
            } catch (SocketTimeoutException silence) {
                continue;
            }
        }
        int states = 0;
        while (steps == 0 || states < steps) {
            String state = receive();
            if (state.contains("***shutdown***") || state.contains("***restart***")) break;
            states++;
            double steer = value(state, "angle") * 0.8 - value(state, "trackPos") * 0.2;
            double accel = value(state, "speedX") < 60 ? 0.8 : 0.0;
            send("(accel " + accel + ") (brake 0.0) (gear 1) (steer " + steer + ") (clutch 0.0) (focus 0) (meta 0)");
        }
        System.out.println(states + " states");
    }
}
