// Java's own java.net.http.WebSocket. Words in and out as in lines.py.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;

public class JavaSocket implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    static synchronized void say(String words) {
        byte[] line = (words + "\n").getBytes(StandardCharsets.UTF_8);
        System.out.write(line, 0, line.length);
        System.out.flush();
    }

    @Override
    public void onOpen(WebSocket socket) {
        String subprotocol = socket.getSubprotocol();
        say("open " + (subprotocol.isEmpty() ? "-" : subprotocol));
        socket.request(1);
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
            say("text " + text);
            text.setLength(0);
        }
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onPong(WebSocket socket, ByteBuffer payload) {
        say("pong");
        socket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        say("closed " + code);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        say("closed 1006");
    }

    static WebSocket connect(String url, String how, String token) {
        WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
        if (how.equals("header")) {
            builder.header("Authorization", "Bearer " + token).subprotocols("live.v1");
        } else {
            builder.subprotocols("live.v1", "bearer." + token);
        }
        try {
            return builder.buildAsync(URI.create(url), new JavaSocket()).join();
        } catch (RuntimeException error) {
            say("failed " + error);
            return null;
        }
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        WebSocket socket = null;
        String line;
        while ((line = lines.readLine()) != null) {
            String[] parts = line.split(" ", 2);
            switch (parts[0]) {
                case "connect" -> {
                    String[] words = parts[1].split(" ");
                    socket = connect(words[0], words[1], words[2]);
                }
                case "send" -> socket.sendText(parts[1], true).join();
                case "ping" -> socket.sendPing(ByteBuffer.wrap("are you there".getBytes(StandardCharsets.UTF_8)));
                case "close" -> socket.sendClose(WebSocket.NORMAL_CLOSURE, "");
                default -> say("failed unknown word");
            }
        }
        System.exit(0);
    }
}
